#include "cuda/synthetic/nvrtc.h"

#include <array>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <vector>

#include "cuda/driver.h"

namespace cotenant::cuda::synthetic {
namespace {

using Handle = struct OpaqueNvrtcProgram*;

/// The functions of nvrtc.h that we call, in our own words; results are 0 on success.
struct Nvrtc {
  int (*create)(Handle* program, const char* source, const char* name, int headers,
                const char* const* texts, const char* const* names) = nullptr;
  int (*destroy)(Handle* program) = nullptr;
  int (*compile)(Handle program, int count, const char* const* options) = nullptr;
  int (*cubin_size)(Handle program, std::size_t* bytes) = nullptr;
  int (*cubin)(Handle program, char* bytes) = nullptr;
  int (*log_size)(Handle program, std::size_t* bytes) = nullptr;
  int (*log)(Handle program, char* text) = nullptr;
  const char* (*error)(int result) = nullptr;
};

template <typename F> void resolve(void* library, const char* name, F*& entry) {
  void* const symbol = dlsym(library, name);
  if (symbol == nullptr) {
    throw Unavailable(fmt::format("unavailable: libnvrtc has no {}; expected that of CUDA 12.4 or "
                                  "later",
                                  name));
  }
  entry = reinterpret_cast<F*>(symbol);
}

void* open_library() {
  if (const char* named = std::getenv("COTENANT_NVRTC"); named != nullptr && *named != '\0') {
    void* const library = dlopen(named, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      throw Unavailable(fmt::format("unavailable: COTENANT_NVRTC: {}", dlerror()));
    }
    return library;
  }
  constexpr std::array names{"libnvrtc.so.13",
                             "libnvrtc.so.12",
                             "libnvrtc.so",
                             "/usr/local/cuda/lib64/libnvrtc.so.13",
                             "/usr/local/cuda/lib64/libnvrtc.so.12",
                             "/usr/local/cuda/lib64/libnvrtc.so"};
  for (const char* name : names) {
    if (void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL); library != nullptr) {
      return library;
    }
  }
  throw Unavailable("unavailable: no libnvrtc.so.13 or .12, which compiles synthetic kernels; "
                    "expected it in the library path, in /usr/local/cuda/lib64, or at the path "
                    "that COTENANT_NVRTC names (in a Python environment with PyTorch: "
                    "nvidia/cu*/lib/libnvrtc.so.*)");
}

/// NVRTC opens a second library by its bare name. Where both lie outside the library path, that
/// succeeds only if the second one is loaded already.
void load_companion(void* symbol) {
  Dl_info info{};
  if (dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) {
    return;
  }
  std::error_code ignored;
  const auto folder = std::filesystem::path(info.dli_fname).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with("libnvrtc-builtins.so")) {
      dlopen(entry.path().c_str(), RTLD_NOW | RTLD_GLOBAL);
    }
  }
}

Nvrtc load() {
  void* const library = open_library();
  Nvrtc n;
  resolve(library, "nvrtcCreateProgram", n.create);
  load_companion(reinterpret_cast<void*>(n.create));
  resolve(library, "nvrtcDestroyProgram", n.destroy);
  resolve(library, "nvrtcCompileProgram", n.compile);
  resolve(library, "nvrtcGetCUBINSize", n.cubin_size);
  resolve(library, "nvrtcGetCUBIN", n.cubin);
  resolve(library, "nvrtcGetProgramLogSize", n.log_size);
  resolve(library, "nvrtcGetProgramLog", n.log);
  resolve(library, "nvrtcGetErrorString", n.error);
  return n;
}

std::string first_complaint(const Nvrtc& nvrtc, Handle program) {
  std::size_t bytes = 0;
  if (nvrtc.log_size(program, &bytes) != 0 || bytes <= 1) {
    return "";
  }
  std::string log(bytes, '\0');
  nvrtc.log(program, log.data());
  const std::size_t error = log.find("error");
  const std::size_t begin = error == std::string::npos ? 0 : log.rfind('\n', error) + 1;
  return ": " + log.substr(begin, log.find_first_of(std::string("\n\0", 2), begin) - begin);
}

} // namespace

std::string compile_with_nvrtc(const std::string& source, const std::string& architecture) {
  static const Nvrtc nvrtc = load();
  const auto check = [](int result, const char* what) {
    if (result != 0) {
      throw DeviceError(fmt::format("{}: {}", what, nvrtc.error(result)));
    }
  };
  Handle program = nullptr;
  check(nvrtc.create(&program, source.c_str(), "synthetic.cu", 0, nullptr, nullptr),
        "nvrtcCreateProgram");
  const auto destroy = [](Handle* held) { nvrtc.destroy(held); };
  const std::unique_ptr<Handle, decltype(destroy)> guard(&program, destroy);

  const std::string target = "--gpu-architecture=" + architecture;
  const std::array options{target.c_str(), "--std=c++17"};
  if (const int result = nvrtc.compile(program, static_cast<int>(options.size()), options.data());
      result != 0) {
    throw DeviceError(fmt::format("synthetic kernels for {} do not compile: {}{}", architecture,
                                  nvrtc.error(result), first_complaint(nvrtc, program)));
  }
  std::size_t bytes = 0;
  check(nvrtc.cubin_size(program, &bytes), "nvrtcGetCUBINSize");
  std::string cubin(bytes, '\0');
  check(nvrtc.cubin(program, cubin.data()), "nvrtcGetCUBIN");
  return cubin;
}

} // namespace cotenant::cuda::synthetic
