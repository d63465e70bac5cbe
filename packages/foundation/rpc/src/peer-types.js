export {};
//# sourceMappingURL=peer-types.js.map