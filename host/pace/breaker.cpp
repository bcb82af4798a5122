#include "pace/breaker.hpp"

#include <algorithm>

namespace tenantry::pace {

Time Breaker::next(Time now) const {
  if (state_ == State::kClosed) return now;
  if (state_ == State::kProbing) return Time::max();
  return now < opened_ ? now : due_;  // the clock was set back: rather a probe too early than none for hours
}

bool Breaker::sent() {
  if (state_ != State::kOpen) return false;
  state_ = State::kProbing;
  return true;
}

void Breaker::open(Time now, double random) {
  state_ = State::kOpen;
  opened_ = now;
  const auto half = static_cast<double>(pause_.count()) / 2;
  due_ = now + Millis{static_cast<std::int64_t>(half + half * random)};
}

News Breaker::hear(Sign sign, bool probe, Time now, double random) {
  if (state_ != (probe ? State::kProbing : State::kClosed)) return News::kNone;  // sent before it opened
  if (sign == Sign::kNothing) {
    dropped(now);
    return News::kNone;
  }
  if (sign == Sign::kAnswered) {
    failures_ = 0;
    state_ = State::kClosed;
    return probe ? News::kClosed : News::kNone;
  }
  if (probe)
    pause_ = std::min(pause_ * 2, std::max(options_.pause, options_.longest));
  else if (options_.failures == 0 || ++failures_ < options_.failures)
    return News::kNone;
  else
    pause_ = options_.pause;
  open(now, random);
  return probe ? News::kNone : News::kOpened;
}

void Breaker::dropped(Time now) {
  if (state_ != State::kProbing) return;
  state_ = State::kOpen;
  due_ = now;
}

}  // namespace tenantry::pace
