// When the next step may start on an ERP server: a bucket of tokens that fills at a steady rate, and that is held shut
// for a while when the server says that it has had enough. Pure; not thread-safe.
#pragma once
#include "base/clock.hpp"

namespace tenantry::pace {

using base::Millis;
using base::Time;

class Bucket {
 public:
  // `rate`: tokens per second, 0: as many as are wanted. `burst`: what a full bucket holds, at least 1.
  explicit Bucket(double rate = 0, double burst = 1);

  // When there is a token: not later than `now` means at once.
  [[nodiscard]] Time next(Time now) const;
  void take(Time now);

  // Nothing before `now + pause`; from then on at the steady rate, without a burst. Never shortens an earlier hold.
  void hold(Time now, Millis pause);

  // From now on at another rate; what has gathered stays, as far as there is room for it.
  void change(Time now, double rate, double burst);

 private:
  [[nodiscard]] bool is_held(Time now) const;
  [[nodiscard]] double tokens(Time now) const;

  double rate_;
  double burst_;
  double tokens_;  // at filled_
  Time filled_{};
  Time held_from_{};
  Time held_until_{};
};

}  // namespace tenantry::pace
