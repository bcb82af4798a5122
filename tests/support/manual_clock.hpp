// A clock that stands still until the test moves it.
#pragma once
#include <atomic>

#include "base/clock.hpp"

namespace tenantry::test {

class ManualClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return base::from_millis(now_.load()); }
  void advance(base::Millis by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'800'000'000'000};
};

}  // namespace tenantry::test
