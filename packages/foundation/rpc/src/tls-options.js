import { KvError } from '@base-kv/base';
import { readFile } from 'node:fs/promises';
/** Reads the three PEM files. @throws KvError BadConfig that names the file */
export async function readTls(files) {
    const read = async (name) => {
        try {
            return await readFile(files[name]);
        }
        catch (cause) {
            throw new KvError('BadConfig', `cannot read tls.${name} "${files[name]}"`, {
                hint: 'name a readable PEM file',
                cause,
            });
        }
    };
    const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
    return { ca, cert, key };
}
//# sourceMappingURL=tls-options.js.map