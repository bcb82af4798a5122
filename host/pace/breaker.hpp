// Whether an ERP server is worth a call. After some transport failures in a row nothing is sent any more but one probe
// at a time, in pauses that grow; when a probe is answered, everything goes on. Pure; not thread-safe. A fresh one is
// closed: calls pass.
#pragma once
#include <cstdint>

#include "base/clock.hpp"

namespace tenantry::pace {

using base::Millis;
using base::Time;

struct BreakerOptions {
  int failures = 5;        // in a row, until it opens; 0: it never does
  Millis pause{5'000};     // until the first probe; doubles with each that fails
  Millis longest{60'000};  // and grows no further
};

// What the end of a call says about the server.
enum class Sign : std::uint8_t { kAnswered, kUnreachable, kNothing };

enum class News : std::uint8_t { kNone, kOpened, kClosed };

class Breaker {
 public:
  explicit Breaker(BreakerOptions options = {}) : options_(options) {}

  [[nodiscard]] bool is_closed() const { return state_ == State::kClosed; }

  // When the next call may be sent: not later than `now` means at once, Time::max() after the end of the probe.
  [[nodiscard]] Time next(Time now) const;

  // A call is sent, which next() allowed; true: it is the probe, and hear() or dropped() must tell of its end.
  [[nodiscard]] bool sent();

  // The end of a call. `random` in [0, 1) keeps the hosts of one server from probing in step. What was sent before the
  // breaker opened changes nothing afterwards.
  [[nodiscard]] News hear(Sign sign, bool probe, Time now, double random);

  // The probe was never made; another may be, at once.
  void dropped(Time now);

 private:
  enum class State : std::uint8_t { kClosed, kOpen, kProbing };
  void open(Time now, double random);

  BreakerOptions options_;
  State state_ = State::kClosed;
  int failures_ = 0;  // in a row
  Millis pause_{0};
  Time opened_{};
  Time due_{};  // the next probe
};

}  // namespace tenantry::pace
