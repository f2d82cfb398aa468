#include "cuda/c_api.h"

#include <exception>
#include <memory>
#include <string>

#include "cuda/host.h"
#include "cuda/shared_run.h"

#define COTENANT_EXPORT __attribute__((visibility("default")))

namespace {

thread_local std::string last_error; // NOLINT: C interface, one line a thread

/// Runs `body`; an exception becomes last_error and `failed`.
template <typename Result, typename Body> Result guarded(Result failed, const Body& body) {
  try {
    last_error.clear();
    return body();
  } catch (const std::exception& error) {
    last_error = error.what();
  } catch (...) {
    last_error = "unknown failure";
  }
  return failed;
}

} // namespace

struct ctnt_host {
  cotenant::cuda::Host host;
  std::string answer;
};

extern "C" {

COTENANT_EXPORT ctnt_host* ctnt_host_open(const char* data_dir) {
  return guarded<ctnt_host*>(nullptr, [&] {
    return new ctnt_host{cotenant::cuda::Host(cotenant::cuda::driver(), data_dir), {}};
  });
}

COTENANT_EXPORT int ctnt_host_add_graph(ctnt_host* host, const char* program, void* cu_graph) {
  return guarded(1, [&] {
    host->host.add_graph(program, static_cast<cotenant::cuda::Graph>(cu_graph));
    return 0;
  });
}

COTENANT_EXPORT int ctnt_host_add_synthetic(ctnt_host* host, const char* program) {
  return guarded(1, [&] {
    host->host.add_synthetic(program);
    return 0;
  });
}

COTENANT_EXPORT const char* ctnt_host_answer(ctnt_host* host, const char* request) {
  return guarded<const char*>(nullptr, [&] {
    host->answer = host->host.answer(request);
    return host->answer.c_str();
  });
}

COTENANT_EXPORT int ctnt_shared_run(const char* file, int clients, int waited_for) {
  return guarded(1, [&] {
    cotenant::cuda::MappedRun::create(file, clients, waited_for);
    return 0;
  });
}

COTENANT_EXPORT void ctnt_host_close(ctnt_host* host) {
  delete host;
}

COTENANT_EXPORT const char* ctnt_last_error(void) {
  return last_error.c_str();
}
}
