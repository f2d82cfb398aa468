#include "cuda/graph_walk.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <vector>

#include "base/error.h"
#include "cuda/demangle.h"
#include "program/program_text.h"

namespace cotenant::cuda {
namespace {

std::vector<GraphNode> nodes_of(const Driver& driver, Graph graph) {
  std::size_t count = 0;
  check(driver, driver.graph_nodes(graph, nullptr, &count), "cuGraphGetNodes");
  std::vector<GraphNode> nodes(count);
  check(driver, driver.graph_nodes(graph, nodes.data(), &count), "cuGraphGetNodes");
  return nodes;
}

/// Nodes are listed in the order of their creation, which is the order of the launches that were
/// captured. An edge that goes back would say otherwise. Edges that are missing do not matter: a
/// stream keeps the order.
void refuse_backward_edges(const Driver& driver, Graph graph, const std::vector<GraphNode>& nodes) {
  std::size_t count = 0;
  check(driver, driver.graph_edges(graph, nullptr, nullptr, nullptr, &count), "cuGraphGetEdges");
  std::vector<GraphNode> from(count);
  std::vector<GraphNode> to(count);
  std::vector<EdgeData> data(count);
  check(driver, driver.graph_edges(graph, from.data(), to.data(), data.data(), &count),
        "cuGraphGetEdges");
  std::map<GraphNode, std::size_t> place;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    place[nodes[i]] = i;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (place[from[i]] >= place[to[i]]) {
      throw InputError(fmt::format("captured graph: node {} depends on node {}, which was created "
                                   "later; expected launch order",
                                   place[to[i]], place[from[i]]));
    }
  }
}

Dim3 dim3(const unsigned int (&size)[3]) {
  return {.x = size[0], .y = size[1], .z = size[2]};
}

/// Attributes that the capture set. The driver answers for every id; those at their default are
/// left out, since some may not be given at all for a kernel that does not use them.
std::vector<LaunchAttribute> attributes_of(const Driver& driver, GraphNode node) {
  std::vector<LaunchAttribute> attributes;
  const auto add = [&](LaunchAttributeId id, auto is_set) {
    LaunchAttribute attribute{};
    attribute.id = id;
    check(driver, driver.graph_kernel_attribute(node, id, &attribute.value),
          "cuGraphKernelNodeGetAttribute");
    if (is_set(attribute.value)) {
      attributes.push_back(attribute);
    }
  };
  const auto positive = [](const LaunchAttributeValue& value) { return value.number > 0; };
  const auto shaped = [](const LaunchAttributeValue& value) {
    return value.dimension[0] > 0 && value.dimension[1] > 0 && value.dimension[2] > 0;
  };
  add(LaunchAttributeId::cluster_dimension, shaped);
  add(LaunchAttributeId::cooperative, positive);
  add(LaunchAttributeId::cluster_scheduling, positive);
  add(LaunchAttributeId::preferred_shared_memory_carveout, positive);
  return attributes;
}

LiveOp kernel_op(const Driver& driver, GraphNode node) {
  KernelNodeParams params{};
  check(driver, driver.graph_kernel_params(node, &params), "cuGraphKernelNodeGetParams");
  LiveOp op;
  op.kind = OpKind::kernel;
  op.function = params.function;
  if (op.function == nullptr) {
    check(driver, driver.kernel_function(&op.function, params.kernel), "cuKernelGetFunction");
  }
  const char* name = nullptr;
  check(driver, driver.function_name(&name, op.function), "cuFuncGetName");
  op.name = demangled(name);
  op.grid = dim3(params.grid);
  op.block = dim3(params.block);
  op.shared_bytes = params.shared_bytes;
  op.params = params.params;
  op.extra = params.extra;
  op.attributes = attributes_of(driver, node);
  return op;
}

LiveOp copy_op(const Driver& driver, GraphNode node) {
  LiveOp op;
  check(driver, driver.graph_memcpy_params(node, &op.copy), "cuGraphMemcpyNodeGetParams");
  const auto on_host = [](MemoryType type) { return type == MemoryType::host; };
  op.kind = on_host(op.copy.source_type)   ? OpKind::copy_h2d
            : on_host(op.copy.target_type) ? OpKind::copy_d2h
                                           : OpKind::copy_d2d;
  op.name = "memcpy";
  return op;
}

LiveOp memset_op(const Driver& driver, GraphNode node) {
  LiveOp op;
  op.kind = OpKind::memset;
  op.name = "memset";
  check(driver, driver.graph_memset_params(node, &op.fill), "cuGraphMemsetNodeGetParams");
  return op;
}

std::string shape(const Dim3& size) {
  return fmt::format("{}x{}x{}", size.x, size.y, size.z);
}

/// Kernel launches record unified and plain addresses alike, so that copies between two of them
/// cannot be told from copies to or from the host by type alone.
bool same_kind(const LiveOp& live, const Op& recorded) {
  if (live.kind == OpKind::kernel || live.kind == OpKind::memset) {
    return live.kind == recorded.kind;
  }
  return recorded.is_copy();
}

} // namespace

LiveProgram walk_graph(const Driver& driver, Graph graph) {
  const std::vector<GraphNode> nodes = nodes_of(driver, graph);
  refuse_backward_edges(driver, graph, nodes);
  LiveProgram program;
  program.graph = graph;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    NodeType type{};
    check(driver, driver.graph_node_type(nodes[i], &type), "cuGraphNodeGetType");
    switch (type) {
    case NodeType::kernel:
      program.ops.push_back(kernel_op(driver, nodes[i]));
      break;
    case NodeType::memcpy:
      program.ops.push_back(copy_op(driver, nodes[i]));
      break;
    case NodeType::memset:
      program.ops.push_back(memset_op(driver, nodes[i]));
      break;
    case NodeType::empty:
      break;
    default:
      throw InputError(
          fmt::format("captured graph: node {} is of type {}; expected kernels, copies "
                      "and memsets only",
                      i, static_cast<int>(type)));
    }
  }
  return program;
}

void keep_excerpt(LiveProgram& live, const ExcerptOrigin& origin) {
  const auto [first, count] = origin.ops;
  if (first >= live.ops.size() || count > live.ops.size() - first) {
    throw InputError(fmt::format("{}: is op {} and {} behind it of {}; expected some of its {}",
                                 live.id, first, count - 1, origin.program, live.ops.size()));
  }
  const auto begin = live.ops.begin() + first;
  const std::vector<LiveOp> taken(begin, begin + count);
  live.ops.clear();
  for (std::uint32_t i = 0; i < origin.repeat; ++i) {
    live.ops.insert(live.ops.end(), taken.begin(), taken.end());
  }
}

void bind(const LiveProgram& live, const Program& recorded) {
  const std::size_t common = std::min(live.ops.size(), recorded.ops.size());
  for (std::size_t i = 0; i < common; ++i) {
    const LiveOp& a = live.ops[i];
    const Op& b = recorded.ops[i];
    const auto refuse = [&](const char* what, const std::string& got, const std::string& expected) {
      throw InputError(fmt::format(
          "{}: op {} ('{}'): {} is {}; expected {} as recorded. The model, or a library below it, "
          "is not the one that was recorded: record it again",
          live.id, i, b.name, what, got, expected));
    };
    if (!same_kind(a, b)) {
      refuse("kind", std::string(program_text::word(a.kind)),
             std::string(program_text::word(b.kind)));
    }
    if (a.kind != OpKind::kernel) {
      continue;
    }
    if (a.name != b.name) {
      refuse("kernel", "'" + a.name + "'", "'" + b.name + "'");
    }
    if (!(a.grid == b.grid)) {
      refuse("grid", shape(a.grid), shape(b.grid));
    }
    if (!(a.block == b.block)) {
      refuse("block", shape(a.block), shape(b.block));
    }
  }
  if (live.ops.size() != recorded.ops.size()) {
    throw InputError(fmt::format(
        "{}: the captured graph has {} ops, the recorded program {}; the first {} agree", live.id,
        live.ops.size(), recorded.ops.size(), common));
  }
}

} // namespace cotenant::cuda
