/* libcotenant: what a framework calls to run its captured graphs under a system's scheduler.
 *
 * Strings are UTF-8. A function that fails returns null or non-zero; ctnt_last_error() then has one line that says
 * what is wrong, where, and what would be right. A host is used by one thread at a time.
 */
#ifndef COTENANT_C_API_H
#define COTENANT_C_API_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ctnt_host ctnt_host;

/* data_dir holds gpus/, programs/ and schemas/. The calling thread's CUDA context is the host's. */
ctnt_host* ctnt_host_open(const char* data_dir);

/* A captured graph (CUgraph) as the recorded program `program`, or as a copy of it, "<program>#2"; the graph of the whole
 * model if `program` is an excerpt. The graph must outlive the host. */
int ctnt_host_add_graph(ctnt_host* host, const char* program, void* cu_graph);

/* The recorded program as generated kernels. */
int ctnt_host_add_synthetic(ctnt_host* host, const char* program);

/* Answers one command of the host protocol, JSON in and out. The answer is valid until the next call. */
const char* ctnt_host_answer(ctnt_host* host, const char* request);

/* Makes the file of a run's shared state, which a "run" command names: for `clients` clients, `waited_for` of which
 * end the run. 0 = ok. */
int ctnt_shared_run(const char* file, int clients, int waited_for);

void ctnt_host_close(ctnt_host* host);

const char* ctnt_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
