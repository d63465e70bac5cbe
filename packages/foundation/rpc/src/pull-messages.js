/** Turns a call into an iterable that holds the sender back while its reader is busy. The call begins with the loop. */
export async function* pullMessages(begin) {
    let arrived = [];
    let ended = false;
    let failure;
    let wake = () => { };
    const call = begin({
        onMessage(message) {
            arrived.push(message);
            call.pause();
            wake();
        },
        onEnd(error) {
            ended = true;
            failure = error;
            wake();
        },
    });
    try {
        for (;;) {
            const messages = arrived;
            arrived = [];
            yield* messages;
            if (arrived.length > 0)
                continue;
            if (ended)
                break;
            const woken = new Promise((resolve) => {
                wake = resolve;
            });
            call.resume();
            if (arrived.length === 0 && !ended)
                await woken;
        }
    }
    finally {
        call.cancel();
    }
    if (failure !== undefined)
        throw failure;
}
//# sourceMappingURL=pull-messages.js.map