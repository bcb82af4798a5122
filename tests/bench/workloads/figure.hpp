// One measured figure, printed as a line of JSON; and the ratios to what was measured beside it in the same run.
#pragma once
#include <cstdio>
#include <map>
#include <string>

namespace tenantry::bench {

// Prints {"workload":...,"host":...,"metric":...,"value":...} and remembers the value for ratios.
class Figures {
 public:
  void print(const std::string& workload, const std::string& host, const std::string& metric, double value,
             const std::string& note = {}) {
    values_[workload + '|' + host + '|' + metric] = value;
    std::printf(R"({"workload":"%s","host":"%s","metric":"%s","value":%.4g%s})"
                "\n",
                workload.c_str(), host.c_str(), metric.c_str(), value,
                note.empty() ? "" : (R"(,"note":")" + note + '"').c_str());
    std::fflush(stdout);
  }
  // 0 if that was not measured in this run.
  [[nodiscard]] double value(const std::string& workload, const std::string& host, const std::string& metric) const {
    const auto found = values_.find(workload + '|' + host + '|' + metric);
    return found == values_.end() ? 0 : found->second;
  }
  void ratio(const std::string& workload, const std::string& host, const std::string& metric, double of, double to) {
    if (of > 0 && to > 0) print(workload, host, metric, of / to);
  }

 private:
  std::map<std::string, double> values_;
};

}  // namespace tenantry::bench
