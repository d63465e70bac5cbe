import type { ServiceTable } from './service-table.ts';
export declare function healthService(): {
    readonly table: ServiceTable;
    set(service: string, serving: boolean): void;
};
