// What slows a kernel beside a neighbour, one cause at a time.
//
// Both kernels put exactly one block on every SM and keep it there; what differs is on which SMs
// their blocks work. A block of the neighbour that does not work sleeps, one of the foreground
// leaves at once. So placement and the split of the SMs' memory are the same in all cases, and the
// foreground's blocks meet the neighbour's on their own SM, on the other SM of the same pair (TPC),
// or only in what all SMs share: L2, DRAM, clock and power.
#include <map>

#include "work.h"

namespace calibrate {
namespace {

/// Which SMs work, by the number of their pair: all, pairs of even number, of odd number; of those
/// both SMs, the first, or the second.
struct Sms {
  int modulus;   ///< 1: every pair, 2: every other
  int remainder; ///< of the pair's number
  int half;      ///< -1: both SMs of a pair; 0, 1: one of them

  __device__ bool contain(unsigned int sm) const {
    const int pair = static_cast<int>(sm / 2);
    return pair % modulus == remainder && (half < 0 || static_cast<int>(sm % 2) == half);
  }
};

constexpr unsigned long long neighbour_ns = 1'500'000;

/// Works, or sleeps, until its time is over. done: bytes moved.
__global__ void __launch_bounds__(1024)
    neighbour(Kind kind, Sms sms, Memory memory, unsigned long long ns, Landing* landings,
              unsigned long long* done) {
  const unsigned long long start = gpu_ns();
  size_t at = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  unsigned int hop = (blockIdx.x * 977 + threadIdx.x / 32 * 31) % chain_entries;
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  unsigned long long bytes = 0;
  if (sms.contain(sm_id())) {
    while (gpu_ns() - start < ns) {
      bytes += piece(kind, memory, at, hop, a);
    }
  } else {
    while (gpu_ns() - start < ns) {
      __nanosleep(1000);
    }
  }
  keep(memory, hop, a);
  if (bytes != 0) {
    atomicAdd(done, bytes);
  }
  if (threadIdx.x == 0) {
    landings[blockIdx.x] = {sm_id(), 0, start, gpu_ns()};
  }
}

/// A fixed number of pieces on the SMs that work; blocks elsewhere are logged with no duration.
__global__ void __launch_bounds__(1024)
    foreground(Kind kind, Sms sms, Memory memory, int pieces, Landing* landings) {
  const unsigned int sm = sm_id();
  const unsigned long long start = gpu_ns();
  if (!sms.contain(sm)) {
    if (threadIdx.x == 0) {
      landings[blockIdx.x] = {sm, 0, start, start};
    }
    return;
  }
  const long long begin = clock64();
  size_t at = dram_bytes / sizeof(ulonglong2) / 2 + static_cast<size_t>(blockIdx.x) * blockDim.x +
              threadIdx.x;
  unsigned int hop = (blockIdx.x * 1259 + threadIdx.x / 32 * 17) % chain_entries;
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < pieces; ++i) {
    piece(kind, memory, at, hop, a);
  }
  keep(memory, hop, a);
  if (threadIdx.x == 0) {
    landings[blockIdx.x] = {sm, static_cast<unsigned int>(clock64() - begin), start, gpu_ns()};
  }
}

struct Front {
  Kind kind;
  int threads;
  int pieces; ///< about 100 us alone
};
constexpr Front fronts[] = {{Kind::dram_read, 512, 60},
                            {Kind::dram_copy, 512, 30},
                            {Kind::fma, 256, 190},
                            {Kind::l2_chase, 256, 90}};

struct Relation {
  const char* name;
  Sms back;
  Sms front;
};
// The first two are for reference: a neighbour on the same SMs that only sleeps is relation 0.
constexpr Relation relations[] = {
    {"asleep", {2, 2, -1}, {2, 0, 0}},      {"same_sm", {2, 0, 0}, {2, 0, 0}},
    {"same_pair", {2, 0, 1}, {2, 0, 0}},    {"other_pairs", {2, 1, -1}, {2, 0, 0}},
    {"everywhere", {1, 0, -1}, {1, 0, -1}}, {"asleep_everywhere", {2, 2, -1}, {1, 0, -1}}};

struct Outcome {
  double block_ns = 0;
  double clock_mhz = 0;
  double front_bytes_per_s = 0;
  double back_bytes_per_s = 0;
  double most_on_one_sm = 0;
};

class Pairing {
 public:
  Pairing()
      : sms_(sm_count()), back_log_(static_cast<size_t>(sms_)),
        front_log_(static_cast<size_t>(sms_)) {
    CHECK(cudaMalloc(&done_, sizeof(unsigned long long)));
  }
  ~Pairing() { cudaFree(done_); }
  Pairing(const Pairing&) = delete;
  Pairing& operator=(const Pairing&) = delete;

  Outcome measure(const Front& front, Kind back, int back_threads, const Relation& relation) {
    constexpr int repeats = 3;
    Outcome outcome;
    std::vector<double> blocks;
    std::vector<double> clocks;
    std::vector<double> rates;
    std::vector<double> back_rates;
    for (int i = 0; i < repeats; ++i) {
      CHECK(cudaMemset(done_, 0, sizeof(unsigned long long)));
      CHECK(cudaDeviceSynchronize());
      // The largest share of shared memory for both: the foreground then always finds its place.
      launch(neighbour, sms_, back_threads, 0, 100, streams_.low, back, relation.back,
             memory_.get(), neighbour_ns, back_log_.device(), done_);
      wait_until(host_ns() + 300e3);
      launch(foreground, sms_, front.threads, 0, 100, streams_.high, front.kind, relation.front,
             memory_.get(), front.pieces, front_log_.device());
      CHECK(cudaDeviceSynchronize());
      std::map<unsigned int, int> counts;
      std::vector<double> times;
      unsigned long long begin = ~0ULL;
      unsigned long long end = 0;
      for (const Landing& l : front_log_.read(static_cast<size_t>(sms_))) {
        outcome.most_on_one_sm =
            std::max(outcome.most_on_one_sm, static_cast<double>(++counts[l.sm]));
        if (l.end > l.start) {
          const auto ns = static_cast<double>(l.end - l.start);
          times.push_back(ns);
          clocks.push_back(1e3 * l.cycles / ns);
          begin = std::min(begin, l.start);
          end = std::max(end, l.end);
        }
      }
      blocks.push_back(median(times));
      const int per_piece = front.kind == Kind::dram_read   ? 64
                            : front.kind == Kind::dram_copy ? 128
                                                            : 0;
      rates.push_back(times.empty()
                          ? 0.0
                          : 1e9 * static_cast<double>(times.size()) * front.threads * front.pieces *
                                per_piece / static_cast<double>(end - begin));
      unsigned long long bytes = 0;
      CHECK(cudaMemcpy(&bytes, done_, sizeof bytes, cudaMemcpyDeviceToHost));
      back_rates.push_back(static_cast<double>(bytes) / (neighbour_ns * 1e-9));
    }
    outcome.block_ns = median(blocks);
    outcome.clock_mhz = median(clocks);
    outcome.front_bytes_per_s = median(rates);
    outcome.back_bytes_per_s = median(back_rates);
    return outcome;
  }

 private:
  int sms_;
  TwoStreams streams_;
  Landings back_log_;
  Landings front_log_;
  WorkMemory memory_;
  unsigned long long* done_ = nullptr;
};

} // namespace

void pairs(Results& results) {
  std::string names;
  for (size_t i = 0; i < std::size(relations); ++i) {
    names +=
        std::to_string(i) + " " + relations[i].name + (i + 1 < std::size(relations) ? ", " : "");
  }
  Table table{
      "pairs",
      "one block of each kernel on every SM, working on some of them, median block of a "
      "foreground kernel, median of 3. Kinds: " +
          numbered(kind_names) + ". Relations: " + names +
          ". slowdown: over the same SMs beside a sleeping neighbour; *_bytes_per_s: DRAM "
          "traffic, the neighbour's over its whole life; clock_mhz: of the foreground's SMs",
      4,
      {"kind", "neighbour", "neighbour_threads", "relation", "threads", "block_ns", "slowdown",
       "foreground_bytes_per_s", "neighbour_bytes_per_s", "clock_mhz", "most_on_one_sm"},
      {}};
  Pairing pairing;
  pairing.measure(fronts[0], Kind::fma, 128, relations[0]); // loads the functions
  for (const Front& front : fronts) {
    const double half = pairing.measure(front, Kind::fma, 128, relations[0]).block_ns;
    const double all = pairing.measure(front, Kind::fma, 128, relations[5]).block_ns;
    for (const Kind back : {Kind::dram_read, Kind::dram_copy, Kind::fma, Kind::l2_chase}) {
      for (const int threads : {128, 512, 1024}) {
        for (size_t r = 0; r < std::size(relations); ++r) {
          const bool asleep = r == 0 || r == 5;
          if (asleep && (back != Kind::fma || threads != 128)) {
            continue; // asleep, they are all the same
          }
          const Outcome o = pairing.measure(front, back, threads, relations[r]);
          table.rows.push_back({static_cast<double>(front.kind), static_cast<double>(back),
                                static_cast<double>(threads), static_cast<double>(r),
                                static_cast<double>(front.threads), o.block_ns,
                                o.block_ns / (r >= 4 ? all : half), o.front_bytes_per_s,
                                o.back_bytes_per_s, o.clock_mhz, o.most_on_one_sm});
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
