// The faults that a test asks for, as rules: which requests they hit, how often, and what happens then. Knows nothing
// of any ERP: how an error looks on the wire is the application's business.
#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tenantry::sandbox {

namespace json = boost::json;

enum class Action {
  kNone,
  kError,        // answered with `status` and `exc_type`, nothing is done
  kHtml,         // answered with an HTML error page of `status`, nothing is done
  kTooMany,      // answered 429 with Retry-After, nothing is done
  kMaintenance,  // answered 503; `reads_allowed` lets GET pass
  kDropBefore,   // the connection is closed and nothing is done
  kDropAfter,    // everything is done and the connection is closed without an answer
  kHang,         // everything is done and no answer comes until the client gives up
  kCondition,    // the application decides what `condition` means, e.g. "queue_down"
};

struct Rule {
  std::string id;
  std::string site = "*";     // exact, or "*"
  std::string method = "*";   // exact, or "*"
  std::string path = "*";     // with "*" anywhere
  std::string doctype = "*";  // with "*" anywhere; what the application calls the request's subject
  std::int64_t skip = 0;      // the first matches that pass unharmed
  std::int64_t times = -1;    // hits before the rule is spent; -1: never
  double probability = 1.0;
  Action action = Action::kNone;
  std::chrono::milliseconds latency{0};  // waited before anything else, also together with an action
  std::chrono::milliseconds jitter{0};   // up to this much more, evenly spread
  int status = 500;
  std::string exc_type;
  std::string message;
  std::int64_t retry_after = 1;
  bool reads_allowed = false;
  std::string condition;
  std::int64_t hits = 0;
};

struct Subject {
  std::string site;
  std::string method;
  std::string path;
  std::string doctype;
};

struct Decision {
  std::chrono::milliseconds latency{0};
  std::optional<Rule> rule;  // the first rule with an action that hit; nullopt: nothing happens
  std::vector<std::string> conditions;

  [[nodiscard]] Action action() const { return rule ? rule->action : Action::kNone; }
  [[nodiscard]] bool has(const std::string& condition) const;
};

// Thread-safe. Random choices come from one generator that a test can seed, so that a run can be repeated.
class Faults {
 public:
  explicit Faults(std::uint64_t seed = 1) : random_(seed) {}

  // Adds a rule from its JSON form and returns its id, or a sentence saying what is wrong with it.
  struct Added {
    std::string id;
    std::string problem;
  };
  Added add(const json::object& rule);
  void clear();
  bool remove(const std::string& id);
  void seed(std::uint64_t seed);
  [[nodiscard]] json::array list() const;

  // Counts the matches, so it is called once for each request.
  [[nodiscard]] Decision decide(const Subject& subject);
  // True with this probability.
  [[nodiscard]] bool toss(double probability);

 private:
  mutable std::mutex mutex_;
  std::vector<Rule> rules_;
  std::mt19937_64 random_;
  std::uint64_t next_id_ = 1;
};

// `pattern` may hold "*" for any run of characters.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

}  // namespace tenantry::sandbox
