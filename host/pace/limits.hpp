// How much may run at once and how fast it may start: in all, per engine, per ERP server and per tenant, and one at a
// time where a step says so; the strictest wins. Knows which servers have had enough and which do not answer. Pure
// bookkeeping for one host; not thread-safe. Of what an ERP server takes from all hosts together each host has an equal
// part; everything else is each host's own.
#pragma once
#include <map>
#include <string>

#include "model/advance.hpp"
#include "pace/breaker.hpp"
#include "pace/bucket.hpp"

namespace tenantry::pace {

struct ServerLimits {
  int concurrency = 8;
  double rate = 0;   // steps started per second; 0: not limited
  double burst = 0;  // started at once after a quiet time; 0: as many as in one second
  BreakerOptions breaker;
};

struct Options {
  int host = 64;
  int per_engine = 64;
  int per_tenant = 16;
  ServerLimits any_server;                     // unless the server has its own:
  std::map<std::string, ServerLimits> server;  // by id
  Millis pause{1'000};                         // of a server that refuses by rate and does not say for how long
  Millis longest_pause{300'000};               // whatever it says
};

// What one running step holds.
struct Keys {
  std::string engine;
  std::string server;  // empty: none
  std::string tenant;
  std::string exclusive;   // empty: none
  bool probe = false;      // it finds out whether the server answers again
  bool contested = false;  // exclusive: steps on other hosts may want it too
};

[[nodiscard]] Keys keys_of(const model::Run& run, std::size_t step);

// What keeps steps from starting, and until when; Time::max(): until something ends.
struct Obstacle {
  model::WaitReason reason = model::WaitReason::kNone;
  Time until = Time::max();
};

class Limits {
 public:
  explicit Limits(Options options) : options_(std::move(options)) {}

  // So many hosts, this one among them, use the ERP servers: each takes its part of their concurrency, rate and burst,
  // and never less than one step at a time.
  void share(int hosts, Time now);

  // What keeps every step of this engine on this server from starting.
  [[nodiscard]] Obstacle obstacle(const std::string& engine, const std::string& server, Time now) const;

  // Takes all keys, or none and says what is in the way. Sets Keys::probe.
  [[nodiscard]] model::WaitReason take(Keys& keys, Time now);

  // The call that holds these keys has answered; give_back() has to follow. kOpened, kClosed: of the server's breaker.
  [[nodiscard]] News hear(const Keys& keys, const model::StepReport& report, Time now, double random);
  void give_back(const Keys& keys, Time now);

  [[nodiscard]] bool is_free(const std::string& exclusive) const { return !exclusive_.contains(exclusive); }
  // Closed breaker.
  [[nodiscard]] bool answers(const std::string& server) const;
  [[nodiscard]] int running() const { return running_; }

 private:
  struct Server {
    Server(const ServerLimits& limits, int hosts);
    int most;
    int running = 0;
    Bucket bucket;
    Breaker breaker;
  };
  [[nodiscard]] const ServerLimits& limits_of(const std::string& server) const;
  [[nodiscard]] Server& server(const std::string& id);

  Options options_;
  int hosts_ = 1;
  int running_ = 0;
  std::map<std::string, int> engines_;
  std::map<std::string, int> tenants_;
  std::map<std::string, int> exclusive_;
  std::map<std::string, Server> servers_;  // those that were used
};

// What a report says about the server that the step works on.
[[nodiscard]] Sign sign_of(const model::StepReport& report);

}  // namespace tenantry::pace
