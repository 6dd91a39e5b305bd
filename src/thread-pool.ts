/**
 * The threads on which libuv reads files, resolves names and compresses. Its four could all come to wait for what never
 * answers: two dead file systems, the command lines of two QEMUs that hang in the kernel, a third one's memory map and a
 * disk's path. Then nothing would be sent any more. To be loaded before anything that uses them; what is set outside counts.
 */
const THREADS_THAT_MAY_HANG = 6;
const THREADS_FOR_ALL_ELSE = 4;

process.env["UV_THREADPOOL_SIZE"] ??= String(THREADS_THAT_MAY_HANG + THREADS_FOR_ALL_ELSE);
