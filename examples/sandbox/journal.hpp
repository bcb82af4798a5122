// Every effect that was committed, in order, so that a test can prove that each thing was made exactly once; and who
// was served at the same time.
#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tenantry::sandbox {

namespace json = boost::json;

struct Effect {
  std::string site;
  std::string method;   // of the request; "" for what a command or the clock did
  std::string doctype;  // "" for a site itself
  std::string name;
  std::string what;   // created, updated, submitted, cancelled, deleted, renamed, tagged, wizard...
  json::object with;  // what was made along with it: {"Account": 82}
};

// Thread-safe.
class Journal {
 public:
  // `file`: effects are also appended there, one JSON object a line, on disk's way when append() returns.
  explicit Journal(const std::string& file = {});

  void append(Effect effect);
  // Effects with a number above `after`, at most `limit` of them.
  [[nodiscard]] json::array effects(std::uint64_t after, std::size_t limit, const std::string& site) const;
  void clear();

  // Counts a request from construction to destruction.
  class Presence {
   public:
    Presence(Journal& journal, std::string site);
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    Journal& journal_;
    std::string site_;
  };

  // {"requests", "in_flight", "max_concurrent", "sites": {name: {the same}}}
  [[nodiscard]] json::object load() const;

 private:
  struct Load {
    std::int64_t requests = 0;
    std::int64_t in_flight = 0;
    std::int64_t most = 0;
  };
  static json::object to_json(const Load& load);
  static void enter(Load& load);

  mutable std::mutex mutex_;
  std::vector<json::object> effects_;
  std::ofstream file_;
  Load server_;
  std::map<std::string, Load> sites_;
};

}  // namespace tenantry::sandbox
