#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/error.h"
#include "cuda/graph_walk.h"

namespace cotenant::cuda {
namespace {

/// A captured graph as the fake driver below reports it. Handles are indices plus one.
struct FakeNode {
  NodeType type = NodeType::kernel;
  const char* name = "_Z4stepi";
  unsigned int blocks = 1;
  unsigned int cluster = 0;
  int carveout = 0;
  MemoryType source = MemoryType::host;
};

struct FakeGraph {
  std::vector<FakeNode> nodes;
  std::vector<std::pair<std::size_t, std::size_t>> edges;
};
FakeGraph* the_graph = nullptr;

GraphNode handle(std::size_t index) {
  return reinterpret_cast<GraphNode>(index + 1);
}
const FakeNode& node_of(const void* handle) {
  return the_graph->nodes[reinterpret_cast<std::size_t>(handle) - 1];
}

Driver fake_driver() {
  Driver d;
  d.graph_nodes = [](Graph, GraphNode* nodes, std::size_t* count) -> Result {
    for (std::size_t i = 0; nodes != nullptr && i < *count; ++i) {
      nodes[i] = handle(i);
    }
    *count = the_graph->nodes.size();
    return kSuccess;
  };
  d.graph_edges = [](Graph, GraphNode* from, GraphNode* to, EdgeData*,
                     std::size_t* count) -> Result {
    for (std::size_t i = 0; from != nullptr && i < *count; ++i) {
      from[i] = handle(the_graph->edges[i].first);
      to[i] = handle(the_graph->edges[i].second);
    }
    *count = the_graph->edges.size();
    return kSuccess;
  };
  d.graph_node_type = [](GraphNode node, NodeType* type) -> Result {
    *type = node_of(node).type;
    return kSuccess;
  };
  d.graph_kernel_params = [](GraphNode node, KernelNodeParams* params) -> Result {
    *params = {};
    params->kernel = reinterpret_cast<Kernel>(node);
    params->grid[0] = node_of(node).blocks;
    params->grid[1] = params->grid[2] = 1;
    params->block[0] = 128;
    params->block[1] = params->block[2] = 1;
    params->shared_bytes = 100'000;
    return kSuccess;
  };
  d.kernel_function = [](Function* function, Kernel kernel) -> Result {
    *function = reinterpret_cast<Function>(kernel);
    return kSuccess;
  };
  d.function_name = [](const char** name, Function function) -> Result {
    *name = node_of(function).name;
    return kSuccess;
  };
  d.graph_kernel_attribute = [](GraphNode node, LaunchAttributeId id,
                                LaunchAttributeValue* value) -> Result {
    std::memset(value, 0, sizeof *value);
    if (id == LaunchAttributeId::cluster_dimension && node_of(node).cluster > 0) {
      value->dimension[0] = node_of(node).cluster;
      value->dimension[1] = value->dimension[2] = 1;
    }
    if (id == LaunchAttributeId::preferred_shared_memory_carveout) {
      value->number = node_of(node).carveout;
    }
    return kSuccess;
  };
  d.graph_memcpy_params = [](GraphNode node, Memcpy3D* params) -> Result {
    *params = {};
    params->source_type = node_of(node).source;
    params->target_type = MemoryType::device;
    return kSuccess;
  };
  d.graph_memset_params = [](GraphNode, MemsetNodeParams* params) -> Result {
    *params = {
        .destination = 16, .pitch = 0, .value = 0, .element_size = 4, .width = 8, .height = 1};
    return kSuccess;
  };
  return d;
}

class GraphWalk : public ::testing::Test {
 protected:
  GraphWalk() { the_graph = &graph; }
  ~GraphWalk() override { the_graph = nullptr; }

  LiveProgram walk() {
    LiveProgram program = walk_graph(driver, nullptr);
    program.id = "h200/test";
    return program;
  }

  FakeGraph graph;
  Driver driver = fake_driver();
};

Op recorded_kernel(const char* name, std::uint32_t blocks) {
  Op op;
  op.name = name;
  op.grid.x = blocks;
  op.block.x = 128;
  return op;
}

std::string refusal(const LiveProgram& live, const Program& recorded) {
  try {
    bind(live, recorded);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST_F(GraphWalk, TakesLaunchesWithTheirAttributes) {
  graph.nodes = {{.blocks = 7, .cluster = 2, .carveout = 50}, {.name = "plain"}};
  const LiveProgram live = walk();
  ASSERT_EQ(live.ops.size(), 2U);
  EXPECT_EQ(live.ops[0].name, "step(int)") << "as recorded programs spell it";
  EXPECT_EQ(live.ops[0].grid.x, 7U);
  ASSERT_EQ(live.ops[0].attributes.size(), 2U);
  EXPECT_EQ(live.ops[0].attributes[0].id, LaunchAttributeId::cluster_dimension);
  EXPECT_EQ(live.ops[0].attributes[0].value.dimension[0], 2U);
  EXPECT_EQ(live.ops[0].attributes[1].value.number, 50);
  EXPECT_TRUE(live.ops[1].attributes.empty());
}

TEST_F(GraphWalk, TellsCopiesApartAndSkipsEmptyNodes) {
  graph.nodes = {{.type = NodeType::memcpy, .source = MemoryType::host},
                 {.type = NodeType::empty},
                 {.type = NodeType::memcpy, .source = MemoryType::device},
                 {.type = NodeType::memset}};
  const LiveProgram live = walk();
  ASSERT_EQ(live.ops.size(), 3U);
  EXPECT_EQ(live.ops[0].kind, OpKind::copy_h2d);
  EXPECT_EQ(live.ops[1].kind, OpKind::copy_d2d);
  EXPECT_EQ(live.ops[2].kind, OpKind::memset);
  EXPECT_EQ(live.ops[2].fill.width, 8U);
}

TEST_F(GraphWalk, RefusesWhatIsNoChainOfLaunches) {
  graph.nodes = {{}, {}};
  graph.edges = {{1, 0}};
  EXPECT_THROW(walk(), InputError) << "an edge that goes back";
  graph.edges = {{0, 1}};
  EXPECT_NO_THROW(walk());
  graph.nodes[1].type = NodeType::graph;
  EXPECT_THROW(walk(), InputError) << "a child graph";
}

TEST_F(GraphWalk, BindsToTheProgramThatWasRecorded) {
  graph.nodes = {{.blocks = 7}, {.type = NodeType::memset}};
  Program recorded;
  recorded.ops = {recorded_kernel("step(int)", 7), {}};
  recorded.ops[1].kind = OpKind::memset;
  EXPECT_EQ(refusal(walk(), recorded), "");
}

TEST_F(GraphWalk, NamesTheFirstOpThatDiffers) {
  graph.nodes = {{.blocks = 7}, {.blocks = 8}};
  Program recorded;
  recorded.ops = {recorded_kernel("step(int)", 7), recorded_kernel("step(int)", 9)};
  EXPECT_NE(refusal(walk(), recorded).find("op 1 ('step(int)'): grid is 8x1x1; expected 9x1x1"),
            std::string::npos)
      << refusal(walk(), recorded);
  recorded.ops[1] = recorded_kernel("other()", 8);
  EXPECT_NE(refusal(walk(), recorded).find("kernel is 'step(int)'; expected 'other()'"),
            std::string::npos);
  recorded.ops.pop_back();
  EXPECT_NE(refusal(walk(), recorded).find("has 2 ops, the recorded program 1"), std::string::npos);
  recorded.ops[0].kind = OpKind::copy_h2d;
  EXPECT_NE(refusal(walk(), recorded).find("kind is kernel; expected copy_h2d"), std::string::npos);
}

TEST_F(GraphWalk, AnExcerptIsSomeOpsOfTheWholeRepeated) {
  LiveProgram live;
  for (const char* name : {"copy", "convolve", "normalize"}) {
    live.ops.emplace_back().name = name;
  }
  LiveProgram kept = live;
  keep_excerpt(kept, {.program = "h200/whole", .ops = {.first = 1}, .repeat = 4});
  ASSERT_EQ(kept.ops.size(), 4U);
  for (const LiveOp& op : kept.ops) {
    EXPECT_EQ(op.name, "convolve");
  }
  kept = live;
  keep_excerpt(kept, {.program = "h200/whole", .ops = {.first = 1, .count = 2}, .repeat = 2});
  ASSERT_EQ(kept.ops.size(), 4U);
  EXPECT_EQ(kept.ops[2].name, "convolve");
  EXPECT_EQ(kept.ops[3].name, "normalize");
  const auto refuses = [&](const OpRange& ops) {
    EXPECT_THROW(keep_excerpt(live, {.program = "h200/whole", .ops = ops, .repeat = 4}),
                 InputError);
  };
  refuses({.first = 3});
  refuses({.first = 2, .count = 2});
}

} // namespace
} // namespace cotenant::cuda
