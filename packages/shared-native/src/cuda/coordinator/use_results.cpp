#include "cuda/coordinator/use_results.h"

#include <algorithm>

#include "base/file.h"
#include "base/sha256.h"
#include "record/use_log.h"
#include "run/summary.h"

namespace cotenant::cuda {

void write_use(const std::vector<UseSeries>& by_gpu, const std::filesystem::path& file,
               nlohmann::ordered_json& summary) {
  std::size_t longest = 0;
  std::int64_t samples = 0;
  Nanos sample_sum = 0;
  Nanos sample_max = 0;
  for (const UseSeries& series : by_gpu) {
    longest = std::max(longest, series.rows.size());
    samples += series.samples;
    sample_sum += series.sample_sum;
    sample_max = std::max(sample_max, series.sample_max);
  }
  UseLog log(file);
  for (std::size_t row = 0; row < longest; ++row) {
    for (std::size_t gpu = 0; gpu < by_gpu.size(); ++gpu) {
      if (row < by_gpu[gpu].rows.size()) {
        UseRecord record = by_gpu[gpu].rows[row];
        record.gpu = gpu;
        log.use(record);
      }
    }
  }
  log.commit();
  summary["utilization_sha256"] = sha256_hex(read_file(file));
  summary["utilization"] = use_summary(log);
  summary["counters"]["use_samples"] = {{"count", samples},
                                        {"mean_ns", samples > 0 ? sample_sum / samples : 0},
                                        {"max_ns", sample_max}};
}

} // namespace cotenant::cuda
