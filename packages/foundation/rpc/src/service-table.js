export {};
//# sourceMappingURL=service-table.js.map