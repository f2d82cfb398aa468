#include <gtest/gtest.h>

#include "cuda/synthetic/cluster.h"

namespace cotenant::cuda::synthetic {
namespace {

TEST(Cluster, TilesTheGrid) {
  EXPECT_EQ(cluster_shape({.x = 8, .y = 3, .z = 1}, 4), (Dim3{.x = 4, .y = 1, .z = 1}));
  EXPECT_EQ(cluster_shape({.x = 2, .y = 784, .z = 1}, 4), (Dim3{.x = 2, .y = 2, .z = 1}));
  EXPECT_EQ(cluster_shape({.x = 5, .y = 3, .z = 7}, 7), (Dim3{.x = 1, .y = 1, .z = 7}));
  EXPECT_EQ(cluster_shape({.x = 12, .y = 1, .z = 1}, 1), (Dim3{}));
  EXPECT_EQ(cluster_shape({.x = 5, .y = 5, .z = 5}, 2), std::nullopt);
}

TEST(Cluster, IsALaunchAttribute) {
  const LaunchAttribute attribute = cluster_attribute({.x = 4, .y = 2, .z = 1});
  EXPECT_EQ(attribute.id, LaunchAttributeId::cluster_dimension);
  EXPECT_EQ(attribute.value.dimension[0], 4U);
  EXPECT_EQ(attribute.value.dimension[1], 2U);
  EXPECT_EQ(attribute.value.dimension[2], 1U);
}

} // namespace
} // namespace cotenant::cuda::synthetic
