#include "run/catalog.h"

#include "base/file.h"
#include "base/sha256.h"
#include "program/program_file.h"

namespace cotenant {

const GpuSpec& Catalog::gpu(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  auto& slot = gpus_[id];
  if (!slot) {
    slot = std::make_unique<GpuSpec>(find_gpu_spec(data_, id));
  }
  return *slot;
}

const Program& Catalog::program(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  auto& slot = programs_[id];
  if (!slot) {
    slot = std::make_unique<Program>(read_program(find_program(data_, id)));
  }
  return *slot;
}

const PreparedProgram& Catalog::prepared(const std::string& program_id, const std::string& gpu_id,
                                         std::optional<int> carveout) {
  const std::scoped_lock lock(mutex_);
  auto& slot = prepared_[{program_id, gpu_id, carveout.value_or(-1)}];
  if (!slot) {
    const GpuSpec& target = gpu(gpu_id);
    const Program& recorded = program(program_id);
    slot = std::make_unique<PreparedProgram>(prepare_program(
        recorded, recorded.gpu == gpu_id ? target : gpu(recorded.gpu), target, carveout));
  }
  return *slot;
}

std::string Catalog::gpu_digest(const std::string& id) const {
  return sha256_hex(read_file(data_ / "gpus" / (id + ".json")));
}

std::string Catalog::program_digest(const std::string& id) const {
  return sha256_hex(read_file(find_program(data_, id)));
}

} // namespace cotenant
