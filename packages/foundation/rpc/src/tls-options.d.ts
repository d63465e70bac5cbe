/** Certificates as PEM. Both sides show theirs, and each checks the other's against `ca`. */
export interface TlsOptions {
    readonly ca: Buffer;
    readonly cert: Buffer;
    readonly key: Buffer;
}
export interface TlsFiles {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
}
/** Reads the three PEM files. @throws KvError BadConfig that names the file */
export declare function readTls(files: TlsFiles): Promise<TlsOptions>;
