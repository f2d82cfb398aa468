#include "sim/block_engine.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <ranges>

#include "sim/contention.h"
#include "sim/drift.h"

namespace cotenant {

BlockEngine::BlockEngine(const GpuSpec& gpu, std::uint32_t streams)
    : limits_(gpu), drift_span_(gpu.contention.block_drift), contention_(gpu.contention),
      sms_(gpu.sm.count), kernels_(streams) {}

void BlockEngine::start_part(std::uint32_t stream, const KernelShape& shape, const LaunchPart& part,
                             int priority, Nanos now) {
  assert(kernels_[stream].shape == nullptr && next() > now);
  const std::uint32_t blocks = std::min(part.blocks, shape.blocks);
  const std::uint32_t end_sm = std::min(part.end_sm, static_cast<std::uint32_t>(sms_.size()));
  assert(blocks > 0 && part.first_sm < end_sm);
  kernels_[stream] = {.shape = &shape,
                      .priority = priority,
                      .sequence = started_++,
                      .blocks = blocks,
                      .first_sm = part.first_sm,
                      .end_sm = end_sm,
                      .pending = blocks};
  if (blocks == shape.blocks && part.first_sm == 0 && end_sm == sms_.size() &&
      shape.waves >= kFewestDriftingWaves) {
    kernels_[stream].drifts_until = shape.slots_per_sm * end_sm;
  }
  ++counters_.events;
  drift_apart(paused_at_.value_or(to_ticks(now)));
  if (!paused_at_) {
    integrate(to_ticks(now));
    place(to_ticks(now));
    update_rates(to_ticks(now));
  }
}

void BlockEngine::kill(std::uint32_t stream, Nanos now) {
  Kernel& kernel = kernels_[stream];
  assert(kernel.shape != nullptr && next() > now);
  ++counters_.events;
  if (!paused_at_) {
    integrate(to_ticks(now));
  }
  counters_.dram_busy_ns += kernel.shape->dram * kernel.done * kernel.shape->block_ns;
  for (Sm& sm : sms_) {
    const auto killed =
        std::erase_if(sm.blocks, [stream](const Block& block) { return block.stream == stream; });
    sm.use.remove(*kernel.shape, static_cast<std::uint32_t>(killed));
  }
  kernel = {};
  if (!paused_at_) {
    place(to_ticks(now));
    update_rates(to_ticks(now));
  }
}

Ticks BlockEngine::next_tick() const {
  Ticks next = kNeverTicks;
  for (const Sm& sm : sms_) {
    for (const Block& block : sm.blocks) {
      next = std::min(next, block.finish);
    }
  }
  return next;
}

Nanos BlockEngine::next() const {
  return paused_at_ ? kNever : to_nanos(next_tick());
}

void BlockEngine::advance(Nanos now, std::vector<std::uint32_t>& finished) {
  if (paused_at_) {
    return;
  }
  for (Ticks next = next_tick(); next <= to_ticks(now); next = next_tick()) {
    step(next, finished);
  }
}

void BlockEngine::step(Ticks now, std::vector<std::uint32_t>& finished) {
  integrate(now);
  ++counters_.events;
  for (Sm& sm : sms_) {
    for (const Block& block : sm.blocks) {
      if (block.finish == now) {
        Kernel& kernel = kernels_[block.stream];
        sm.use.remove(*kernel.shape, 1);
        --kernel.resident;
        ++kernel.done;
      }
    }
    std::erase_if(sm.blocks, [now](const Block& block) { return block.finish == now; });
  }
  place(now);
  update_rates(now);

  std::vector<std::uint32_t> completed;
  for (std::uint32_t stream = 0; stream < kernels_.size(); ++stream) {
    if (kernels_[stream].shape != nullptr && kernels_[stream].done == kernels_[stream].blocks) {
      completed.push_back(stream);
    }
  }
  std::ranges::sort(completed, {},
                    [this](std::uint32_t stream) { return kernels_[stream].sequence; });
  for (const std::uint32_t stream : completed) {
    const KernelShape& shape = *kernels_[stream].shape;
    counters_.dram_busy_ns += shape.dram * kernels_[stream].blocks * shape.block_ns;
    kernels_[stream] = {};
    finished.push_back(stream);
  }
}

// What ran in lockstep has company from here on, its blocks as far apart as they were on a GPU: some end earlier, of
// which some have ended already and made place for the next, and some later. In its last two waves it stays as it is.
void BlockEngine::drift_apart(Ticks now) {
  for (std::uint32_t stream = 0; stream < kernels_.size(); ++stream) {
    Kernel& kernel = kernels_[stream];
    if (kernel.shape == nullptr || !kernel.lockstep) {
      continue;
    }
    kernel.lockstep = false;
    const std::uint32_t a_wave = kernel.drifts_until; // 0 if it does not drift
    if (a_wave == 0 || kernel.done / a_wave + 2 >= kernel.shape->waves) {
      continue;
    }
    const Ticks work = block_ticks(kernel.shape->block_ns);
    const double span = drift_span(*kernel.shape, drift_span_);
    for (std::uint32_t i = 0; i < sms_.size(); ++i) {
      for (Block& block : sms_[i].blocks) {
        if (block.stream != stream) {
          continue;
        }
        block.finish += drift_of(i, work, span);
        if (block.finish <= now) {
          block.finish += work;
          ++kernel.done;
          --kernel.pending;
        }
        block.began = block.finish - work;
      }
    }
  }
}

void BlockEngine::place(Ticks now) {
  const std::vector<std::uint32_t> order = service_order();
  const auto running = std::ranges::count_if(
      kernels_, [](const Kernel& kernel) { return kernel.pending + kernel.resident > 0; });
  for (const std::uint32_t stream : order) {
    Kernel& kernel = kernels_[stream];
    if (running == 1 && kernel.pending == kernel.shape->blocks) {
      kernel.lockstep = true;
    }
    const bool apart = !kernel.lockstep && kernel.blocks - kernel.pending < kernel.drifts_until;
    const Ticks work = block_ticks(kernel.shape->block_ns);
    const double span = drift_span(*kernel.shape, drift_span_);
    while (kernel.pending > 0 && !is_kept_waiting(stream, order)) {
      const std::optional<std::size_t> sm = choose_sm(stream);
      if (!sm) {
        break;
      }
      sms_[*sm].use.add(*kernel.shape, 1);
      const Ticks later = apart ? drift_of(static_cast<std::uint32_t>(*sm), work, span) : 0;
      sms_[*sm].blocks.push_back(
          {.stream = stream, .finish = now, .began = now, .work = work + later});
      --kernel.pending;
      ++kernel.resident;
    }
  }
}

std::vector<std::uint32_t> BlockEngine::service_order() const {
  std::vector<std::uint32_t> order;
  for (std::uint32_t stream = 0; stream < kernels_.size(); ++stream) {
    if (kernels_[stream].pending > 0) {
      order.push_back(stream);
    }
  }
  std::ranges::sort(order, [this](std::uint32_t a, std::uint32_t b) {
    const Kernel& left = kernels_[a];
    const Kernel& right = kernels_[b];
    return left.priority != right.priority ? left.priority > right.priority
                                           : left.sequence < right.sequence;
  });
  return order;
}

// Whether one of those in front in `order` still has pending blocks that may go to an SM that this
// kernel may go to.
bool BlockEngine::is_kept_waiting(std::uint32_t stream,
                                  const std::vector<std::uint32_t>& order) const {
  const auto in_front = std::ranges::find(order, stream);
  return std::any_of(order.begin(), in_front, [&](std::uint32_t other) {
    return kernels_[other].pending > 0 && kernels_[stream].shares_an_sm_with(kernels_[other]);
  });
}

std::optional<std::size_t> BlockEngine::choose_sm(std::uint32_t stream) const {
  const KernelShape& shape = *kernels_[stream].shape;
  std::optional<std::size_t> best;
  for (std::size_t i = kernels_[stream].first_sm; i < kernels_[stream].end_sm; ++i) {
    const Sm& sm = sms_[i];
    if ((!best || sm.use.threads < sms_[*best].use.threads) && fits(limits_, sm.use, shape)) {
      best = i;
    }
  }
  return best;
}

// Blocks of one kernel compete as they do alone; of two kernels, those that began earlier go first.
double BlockEngine::issue_of(const Sm& sm, const Block& block) const {
  std::vector<double> wanted(kernels_.size(), 0.0); // by stream
  std::vector<std::uint32_t> older(kernels_.size(), 0);
  std::vector<std::uint32_t> newer(kernels_.size(), 0);
  const Kernel& kernel = kernels_[block.stream];
  for (const Block& other : sm.blocks) {
    wanted[other.stream] += kernels_[other.stream].shape->issue;
    const bool first =
        other.began < block.began ||
        (other.began == block.began && kernels_[other.stream].sequence < kernel.sequence);
    ++(first ? older : newer)[other.stream];
  }
  const auto rate = [&](std::size_t stream) {
    const KernelShape& shape = *kernels_[stream].shape;
    return issue_rate(wanted[stream], shape.issue_extra, shape.issue_alone);
  };
  const auto taken = [&](std::size_t stream, std::uint32_t blocks) {
    return issue_taken(blocks, kernels_[stream].shape->issue_used, rate(stream));
  };
  const double own = taken(block.stream, older[block.stream] + newer[block.stream]);
  double issue = rate(block.stream);
  for (std::size_t stream = 0; stream < kernels_.size(); ++stream) {
    if (stream != block.stream && older[stream] + newer[stream] > 0) {
      issue *= issue_beside(taken(stream, older[stream]), taken(stream, newer[stream]), own);
    }
  }
  return issue;
}

void BlockEngine::update_rates(Ticks now) {
  std::vector<DramClass> demands;
  for (Sm& sm : sms_) {
    for (Block& block : sm.blocks) {
      block.issue = issue_of(sm, block);
      demands.push_back(
          {.demand = round_share(kernels_[block.stream].shape->dram * block.issue), .blocks = 1});
    }
  }
  const double fair_share = fair_dram_share(demands);

  std::vector<double> obtained(kernels_.size(), 0.0); // by stream
  double total = 0;
  for (const Sm& sm : sms_) {
    for (const Block& block : sm.blocks) {
      const double demand = round_share(kernels_[block.stream].shape->dram * block.issue);
      obtained[block.stream] += obtained_share(demand, fair_share);
      total += obtained_share(demand, fair_share);
    }
  }

  double in_flight = 0;
  for (std::size_t stream = 0; stream < kernels_.size(); ++stream) {
    const KernelShape* shape = kernels_[stream].shape;
    in_flight += shape == nullptr ? 0 : obtained[stream] * shape->alone.in_flight;
  }
  const double load_ns = load_latency(contention_, in_flight);

  for (Sm& sm : sms_) {
    for (Block& block : sm.blocks) {
      const KernelShape& shape = *kernels_[block.stream].shape;
      const bool others = total != obtained[block.stream];
      const double latency =
          others ? latency_factor(shape.alone.load_ns, load_ns, shape.waiting) : 1;
      const double rate = block_rate(block.issue, shape.dram, fair_share, latency);
      if (block.rate == 0) {
        block.finish = now + stretched(block.work, 1 / rate);
      } else if (rate != block.rate) {
        block.finish = now + stretched(block.finish - now, block.rate / rate);
      }
      block.rate = rate;
    }
  }
}

void BlockEngine::integrate(Ticks now) {
  counters_ = integrated(now);
  integrated_ = now;
}

EngineCounters BlockEngine::integrated(Ticks now) const {
  const double elapsed =
      static_cast<double>(now - integrated_) / static_cast<double>(kTicksPerNano);
  const auto busy = std::ranges::count_if(sms_, [](const Sm& sm) { return !sm.blocks.empty(); });
  EngineCounters counters = counters_;
  counters.sm_busy_ns += elapsed * static_cast<double>(busy);
  for (const Sm& sm : sms_) {
    for (const Block& block : sm.blocks) {
      const KernelShape& shape = *kernels_[block.stream].shape;
      counters.thread_ns += elapsed * shape.threads;
      counters.compute_ns += elapsed * shape.compute * block.rate;
      counters.dram_ns += elapsed * shape.dram * block.rate;
    }
  }
  return counters;
}

void BlockEngine::pause(Nanos now) {
  assert(!paused_at_ && next() > now);
  integrate(to_ticks(now));
  paused_at_ = to_ticks(now);
}

void BlockEngine::resume(Nanos now) {
  assert(paused_at_);
  for (Sm& sm : sms_) {
    for (Block& block : sm.blocks) {
      block.finish += to_ticks(now) - *paused_at_;
    }
  }
  paused_at_.reset();
  integrated_ = to_ticks(now);
  place(to_ticks(now));
  update_rates(to_ticks(now));
}

double BlockEngine::resident_share(std::uint32_t stream) const {
  const Kernel& kernel = kernels_[stream];
  if (kernel.shape == nullptr) {
    return 0;
  }
  return static_cast<double>(kernel.resident) * kernel.shape->threads /
         (static_cast<double>(limits_.threads) * static_cast<double>(sms_.size()));
}

EngineCounters BlockEngine::counters(Nanos now) const {
  return paused_at_ ? counters_ : integrated(to_ticks(now));
}

std::unique_ptr<Engine> make_block_engine(const GpuSpec& gpu, std::uint32_t streams) {
  return std::make_unique<BlockEngine>(gpu, streams);
}

} // namespace cotenant
