/** What travels in one direction between two addresses, in order; held while cut. */
export class Way {
    #cut = false;
    #held = [];
    #scheduled = false;
    carry(deliver) {
        this.#held.push(deliver);
        this.#schedule();
    }
    cut() {
        this.#cut = true;
    }
    heal() {
        this.#cut = false;
        this.#schedule();
    }
    #schedule() {
        if (this.#scheduled || this.#cut || this.#held.length === 0)
            return;
        this.#scheduled = true;
        setImmediate(() => {
            this.#scheduled = false;
            const held = this.#held;
            this.#held = [];
            while (!this.#cut) {
                const deliver = held.shift();
                if (deliver === undefined)
                    break;
                deliver();
            }
            this.#held = [...held, ...this.#held];
            this.#schedule();
        });
    }
}
//# sourceMappingURL=memory-way.js.map