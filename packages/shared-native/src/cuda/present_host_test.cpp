#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "base/file.h"
#include "base/temporary_folder_for_test.h"
#include "cuda/present_host.h"

namespace cotenant::cuda {
namespace {

/// A CPU that this test may run on.
int usable_cpu() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  EXPECT_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &usable)) {
    ++cpu;
  }
  return cpu;
}

TEST(PresentHost, NamesItsProcessorAndWhereTheGpuIs) {
  const TemporaryFolder root;
  make_folder(root.path() / "proc");
  write_file(root.path() / "proc/cpuinfo",
             "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Platinum 8480+\n");
  make_folder(root.path() / "sys/devices/system/node/node0/cpu99999");
  make_folder(root.path() / fmt::format("sys/devices/system/node/node1/cpu{}", usable_cpu()));
  make_folder(root.path() / "sys/bus/pci/devices/0000:1b:00.0");
  write_file(root.path() / "sys/bus/pci/devices/0000:1b:00.0/numa_node", "0\n");

  const auto host = describe_host("0000:1b:00.0", root.path());
  EXPECT_EQ(host["cpu"], "Intel(R) Xeon(R) Platinum 8480+");
  EXPECT_GE(host["cpus"], 1);
  EXPECT_EQ(host["numa_nodes"], nlohmann::ordered_json::parse("[1]"));
  EXPECT_EQ(host["gpu_numa_node"], 0);
}

TEST(PresentHost, WhatTheSystemDoesNotTellIsNull) {
  const TemporaryFolder root;
  make_folder(root.path() / "sys/bus/pci/devices/0000:1b:00.0");
  write_file(root.path() / "sys/bus/pci/devices/0000:1b:00.0/numa_node", "-1\n");
  const auto host = describe_host("0000:1b:00.0", root.path());
  EXPECT_TRUE(host["cpu"].is_null());
  EXPECT_TRUE(host["numa_nodes"].is_null());
  EXPECT_TRUE(host["gpu_numa_node"].is_null()) << "no node, rather than a node of that number";
  EXPECT_TRUE(describe_host("", root.path())["gpu_numa_node"].is_null());
}

} // namespace
} // namespace cotenant::cuda
