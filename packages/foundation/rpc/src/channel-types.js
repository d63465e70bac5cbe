export {};
//# sourceMappingURL=channel-types.js.map