#include "memory/job_memory.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "memory/live_bytes.h"

namespace cotenant {
namespace {

constexpr std::size_t kMostPieces = 160; ///< of a curve of demand

Tensors tensors_of_client(const ClientInfo& client) {
  try {
    return tensors_of(client.memory.trace, static_cast<std::uint32_t>(client.profile.size()),
                      client.memory.persistent_bytes);
  } catch (const InputError& error) {
    throw InputError(fmt::format("client {}: {}", quote(client.name), error.what()));
  }
}

} // namespace

JobMemory job_memory(const ClientInfo& client, const RegionOptions& options) {
  const auto ops = static_cast<std::uint32_t>(client.profile.size());
  const Tensors tensors = tensors_of_client(client);
  const ShortLived most{.ops = options.short_ops, .bytes = options.short_bytes};
  const auto kept = long_lived(tensors.ephemeral, most);
  JobMemory job;
  job.persistent_bytes = tensors.persistent_bytes;
  job.short_bytes = lay_out(short_lived(tensors.ephemeral, most)).extent;
  job.peak_bytes = std::max(client.memory.peak_bytes, live_bytes(tensors, ops).peak);
  job.uses = RegionUses(kept, lay_out(kept), options.region_bytes, ops);

  const std::vector<std::uint32_t> held = job.uses.held(options.ahead);
  job.most_from.assign(std::size_t{ops} + 1, 0);
  for (std::uint32_t op = ops; op-- > 0;) {
    job.most_from[op] = std::max<std::int64_t>(job.most_from[op + 1], held[op]);
  }
  job.progress.assign(1, 0);
  for (const OpProfile& op : client.profile) {
    job.progress.push_back(job.progress.back() + op.duration);
  }
  job.demand = coarser(demand_curve(job.progress, held), kMostPieces);
  return job;
}

} // namespace cotenant
