/** What travels in one direction between two addresses, in order; held while cut. */
export declare class Way {
    #private;
    carry(deliver: () => void): void;
    cut(): void;
    heal(): void;
}
