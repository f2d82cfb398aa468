// How far the blocks of a kernel that runs alone drift apart, although all do the same work: by what
// the kernel is bound by, by how long its blocks last, and from wave to wave.
#include <cmath>
#include <map>

#include "work.h"

namespace calibrate {
namespace {

constexpr int repeats = 7;

/// What a block does over and over: a piece of one kind, then one of the other, in step as a tiled
/// matrix product is.
struct Bound {
  const char* name;
  Kind first;
  Kind second;
};
constexpr Bound bounds[] = {{"fma", Kind::fma, Kind::fma},
                            {"dram_read", Kind::dram_read, Kind::dram_read},
                            {"l2_chase", Kind::l2_chase, Kind::l2_chase},
                            {"dram_read_then_fma", Kind::dram_read, Kind::fma}};

/// Blocks on an SM, which their shared memory limits (of 228 KiB, 1 KiB a block reserved).
struct Residency {
  int blocks;
  int threads;
  int shared_kib;
};
constexpr Residency residencies[] = {{1, 512, 200}, {2, 256, 100}, {8, 128, 27}};
constexpr int waves_of[] = {1, 2, 8};
constexpr double block_us[] = {10, 40, 160};

__global__ void __launch_bounds__(512)
    work(Kind first, Kind second, Memory memory, int pieces, Landing* landings) {
  const unsigned long long start = gpu_ns();
  const long long begin = clock64();
  size_t at = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  unsigned int hop = (blockIdx.x * 1259 + threadIdx.x / 32 * 17) % chain_entries;
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < pieces; ++i) {
    piece(first, memory, at, hop, a);
    __syncthreads();
    piece(second, memory, at, hop, a);
    __syncthreads();
  }
  keep(memory, hop, a);
  __syncthreads(); // the block's end is that of its last warp
  if (threadIdx.x == 0) {
    landings[blockIdx.x] = {sm_id(), static_cast<unsigned int>(clock64() - begin), start, gpu_ns()};
  }
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

double variance(const std::vector<double>& values) {
  const double centre = mean(values);
  double sum = 0;
  for (const double value : values) {
    sum += (value - centre) * (value - centre);
  }
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// Pearson's; 0 where one side does not vary.
double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean_x = mean(x);
  const double mean_y = mean(y);
  double product = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    product += (x[i] - mean_x) * (y[i] - mean_y);
  }
  const double scale = std::sqrt(variance(x) * variance(y)) * static_cast<double>(x.size());
  return scale > 0 ? product / scale : 0.0;
}

using Waves = std::vector<std::vector<Landing>>;

/// Blocks by wave: the first `per_sm` that start on an SM are its first wave, and so on.
Waves by_wave(const std::vector<Landing>& landings, int per_sm) {
  std::map<unsigned int, std::vector<Landing>> by_sm;
  for (const Landing& l : landings) {
    by_sm[l.sm].push_back(l);
  }
  Waves waves;
  for (auto& [sm, own] : by_sm) {
    std::stable_sort(own.begin(), own.end(),
                     [](const Landing& a, const Landing& b) { return a.start < b.start; });
    for (size_t i = 0; i < own.size(); ++i) {
      const size_t wave = i / static_cast<size_t>(per_sm);
      waves.resize(std::max(waves.size(), wave + 1));
      waves[wave].push_back(own[i]);
    }
  }
  return waves;
}

/// Cycles of a wave's blocks relative to their median.
std::vector<double> relative_durations(const std::vector<Landing>& wave) {
  std::vector<double> cycles;
  for (const Landing& l : wave) {
    cycles.push_back(static_cast<double>(l.cycles));
  }
  const double centre = std::max(median(cycles), 1.0);
  for (double& value : cycles) {
    value /= centre;
  }
  return cycles;
}

/// Mean relative duration on each SM, in order of SM.
std::vector<double> by_sm(const Waves& waves) {
  std::map<unsigned int, std::vector<double>> own;
  for (const auto& wave : waves) {
    const std::vector<double> relative = relative_durations(wave);
    for (size_t i = 0; i < wave.size(); ++i) {
      own[wave[i].sm].push_back(relative[i]);
    }
  }
  std::vector<double> means;
  for (const auto& [sm, values] : own) {
    means.push_back(mean(values));
  }
  return means;
}

/// When a wave's blocks end, less the median, in units of `block_ns`.
std::vector<double> relative_ends(const std::vector<Landing>& wave, double block_ns) {
  std::vector<double> ends;
  const unsigned long long origin = wave.front().end;
  for (const Landing& l : wave) {
    ends.push_back(static_cast<double>(static_cast<long long>(l.end - origin)));
  }
  const double centre = median(ends);
  for (double& value : ends) {
    value = (value - centre) / std::max(block_ns, 1.0);
  }
  return ends;
}

double block_ns(const std::vector<Landing>& landings) {
  std::vector<double> times;
  for (const Landing& l : landings) {
    times.push_back(static_cast<double>(l.end - l.start));
  }
  return median(times);
}

double start_spread_ns(const std::vector<Landing>& wave) {
  unsigned long long first = ~0ULL;
  unsigned long long last = 0;
  for (const Landing& l : wave) {
    first = std::min(first, l.start);
    last = std::max(last, l.start);
  }
  return static_cast<double>(last - first);
}

double clock_mhz(const std::vector<Landing>& landings) {
  std::vector<double> clocks;
  for (const Landing& l : landings) {
    clocks.push_back(1e3 * l.cycles / static_cast<double>(std::max(l.end - l.start, 1ULL)));
  }
  return median(clocks);
}

class Spread {
 public:
  Spread() : sms_(sm_count()), log_(static_cast<size_t>(sms_) * 8 * 8) {
    CHECK(cudaFuncSetAttribute(work, cudaFuncAttributeMaxDynamicSharedMemorySize, 200 * 1024));
  }

  std::vector<Landing> run(const Bound& bound, const Residency& residency, int waves, int pieces) {
    const int blocks = sms_ * residency.blocks * waves;
    launch(work, blocks, residency.threads, static_cast<size_t>(residency.shared_kib) * 1024, 100,
           streams_.high, bound.first, bound.second, memory_.get(), pieces, log_.device());
    CHECK(cudaDeviceSynchronize());
    return log_.read(static_cast<size_t>(blocks));
  }

  /// How many pieces last `us`, from a run that also brings the clock up.
  int pieces_for(const Bound& bound, const Residency& residency, double us) {
    constexpr int some = 32;
    run(bound, residency, 8, some);
    const double ns = block_ns(run(bound, residency, 8, some));
    return std::max(1, static_cast<int>(us * 1e3 * some / std::max(ns, 1.0) + 0.5));
  }

  /// Appends what was measured to `row`.
  void measure(const Bound& bound, const Residency& residency, int wave_count, int pieces,
               std::vector<double>& row) {
    std::vector<std::vector<double>> samples(14);
    std::vector<double> before; // relative duration by SM, of the last repeat
    std::vector<double> repeatability;
    run(bound, residency, wave_count, pieces);
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const std::vector<Landing> landings = run(bound, residency, wave_count, pieces);
      const Waves waves = by_wave(landings, residency.blocks);
      std::vector<double> durations;
      for (const auto& wave : waves) {
        const std::vector<double> relative = relative_durations(wave);
        durations.insert(durations.end(), relative.begin(), relative.end());
      }
      const double ns = block_ns(landings);
      const std::vector<double> means = by_sm(waves);
      const std::vector<double> first = relative_ends(waves.front(), ns);
      const std::vector<double> last = relative_ends(waves.back(), ns);
      const double whole = variance(durations);
      const double values[] = {ns,
                               clock_mhz(landings),
                               static_cast<double>(waves.size()),
                               percentile(durations, 0),
                               percentile(durations, 0.05),
                               percentile(durations, 0.25),
                               percentile(durations, 0.75),
                               percentile(durations, 0.95),
                               percentile(durations, 1),
                               whole > 0 ? variance(means) / whole : 0.0,
                               start_spread_ns(waves.front()),
                               percentile(first, 0.95) - percentile(first, 0.05),
                               percentile(last, 0.95) - percentile(last, 0.05),
                               percentile(last, 1) - percentile(last, 0)};
      for (size_t i = 0; i < samples.size(); ++i) {
        samples[i].push_back(values[i]);
      }
      if (before.size() == means.size()) {
        repeatability.push_back(correlation(before, means));
      }
      before = means;
    }
    for (const auto& values : samples) {
      row.push_back(median(values));
    }
    row.push_back(median(repeatability));
  }

 private:
  int sms_;
  TwoStreams streams_;
  WorkMemory memory_;
  Landings log_;
};

} // namespace

void block_spread(Results& results) {
  std::string names;
  for (size_t i = 0; i < std::size(bounds); ++i) {
    names += std::to_string(i) + " " + bounds[i].name + (i + 1 < std::size(bounds) ? ", " : "");
  }
  Table table{"block_spread",
              "a kernel alone whose blocks all do the same work and fill the GPU in waves, median "
              "of " +
                  std::to_string(repeats) + ". Kinds: " + names +
                  ". waves_seen: most that started on one SM over its slots. duration_*: of "
                  "blocks, in cycles, relative to the median of their wave, least, percentiles, "
                  "most. sm_share: share of their variance that lies between SMs; sm_repeat: "
                  "correlation of SMs' mean durations from one repeat to the next. "
                  "first_start_ns: first to last start of the first wave. *_ends: 5th to 95th "
                  "percentile (last_ends_all: first to last) of the ends of the first and the last "
                  "wave's blocks, in block_ns",
              4,
              {"kind", "blocks_per_sm", "waves", "about_us", "block_ns", "clock_mhz", "waves_seen",
               "duration_min", "duration_p5", "duration_p25", "duration_p75", "duration_p95",
               "duration_max", "sm_share", "first_start_ns", "first_ends", "last_ends",
               "last_ends_all", "sm_repeat"},
              {}};
  Spread spread;
  for (size_t kind = 0; kind < std::size(bounds); ++kind) {
    for (const Residency& residency : residencies) {
      for (const double us : block_us) {
        const int pieces = spread.pieces_for(bounds[kind], residency, us);
        for (const int waves : waves_of) {
          std::vector<double> row{static_cast<double>(kind), static_cast<double>(residency.blocks),
                                  static_cast<double>(waves), us};
          spread.measure(bounds[kind], residency, waves, pieces, row);
          table.rows.push_back(std::move(row));
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
