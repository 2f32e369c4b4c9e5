// Models are shared by what runs them (docs/architecture.md, "Who owns what"); most tests keep the
// model themselves.
#pragma once

#include <memory>

namespace edgeval::test {

// Shares nothing: the test's model must outlive what it is lent to.
template <class Network>
std::shared_ptr<const Network> borrowed(const Network& model) {
  return {std::shared_ptr<const void>(), &model};
}
template <class Network>
void borrowed(const Network&& model) = delete;

}  // namespace edgeval::test
