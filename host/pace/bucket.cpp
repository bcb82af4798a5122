#include "pace/bucket.hpp"

#include <algorithm>
#include <cmath>

namespace tenantry::pace {
namespace {

constexpr double kWhole = 1.0 - 1e-9;  // a token, allowing for what a sum of fractions loses

}  // namespace

Bucket::Bucket(double rate, double burst) : rate_(rate), burst_(std::max(1.0, burst)), tokens_(burst_) {}

// A clock that was set back must not keep the bucket shut until it has caught up.
bool Bucket::is_held(Time now) const { return now >= held_from_ && now < held_until_; }

double Bucket::tokens(Time now) const {
  const auto seconds = static_cast<double>(std::max<std::int64_t>((now - filled_).count(), 0)) / 1'000.0;
  return std::min(burst_, tokens_ + rate_ * seconds);
}

Time Bucket::next(Time now) const {
  if (is_held(now)) return held_until_;
  if (rate_ <= 0) return now;
  const auto have = tokens(now);
  if (have >= kWhole) return now;
  return now + Millis{static_cast<std::int64_t>(std::ceil((1.0 - have) / rate_ * 1'000.0))};
}

void Bucket::take(Time now) {
  if (rate_ <= 0) return;
  tokens_ = std::max(0.0, tokens(now) - 1.0);
  filled_ = now;
}

void Bucket::change(Time now, double rate, double burst) {
  if (!is_held(now)) {
    tokens_ = tokens(now);
    filled_ = now;
  }
  rate_ = rate;
  burst_ = std::max(1.0, burst);
  tokens_ = std::min(tokens_, burst_);
}

void Bucket::hold(Time now, Millis pause) {
  if (is_held(now) && held_until_ >= now + pause) return;
  held_from_ = now;
  held_until_ = now + pause;
  tokens_ = 1.0;
  filled_ = held_until_;
}

}  // namespace tenantry::pace
