// One check of one engine, while it is carried out: where its tenants, its folder and its processes come from, and what
// it has found so far.
#pragma once
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/contract.hpp"
#include "engine/plugin_file.hpp"
#include "kit/fixture.hpp"
#include "kit/report.hpp"
#include "stage/rehearsal.hpp"
#include "stage/subject.hpp"
#include "stage/world.hpp"

namespace tenantry::kit {

// What is found in a contained process travels as JSON.
struct Verdict {
  std::vector<Finding> findings;
  bool skipped = false;
  std::string reason;  // of skipping; else a remark
  json::object data;   // for the check's own use

  void fail(std::string message, std::string fix = {});
  // "<where>: expected <what>, found <found>."
  void expected(const std::string& where, const std::string& what, const std::string& found, std::string fix);
  void skip(std::string why);
  [[nodiscard]] bool ok() const { return findings.empty(); }
  [[nodiscard]] json::value to_json() const;
  // Adds what another process found.
  void add(const json::value& from);
};

// What everything that is looked at has in common.
struct Candidate {
  engine::PluginFile file;
  int copy = -1;                                     // descriptor of its sealed copy
  const Fixture* fixture = nullptr;                  // null: none
  std::shared_ptr<const engine::Contract> contract;  // null as long as the manifest was not understood
  json::value example = nullptr;  // a request made up from the schema; null if there is a fixture, or none
  std::uint64_t seed = 0;
  base::Millis limit{30'000};  // of a call
  std::string printed;         // the first that came on standard output, and during what
  std::string sanitized;       // the first that a sanitizer reported
};

// A tenant nobody has seen before, with all that the fixture says about it.
struct Tenant {
  std::string name;
  std::string folder;
  Scene scene;
  stage::Rehearsal rehearsal;

  [[nodiscard]] const Expected& expected(const std::string& step, Expected ExpectedOfStep::*which) const;
  [[nodiscard]] bool takes_over(const std::string& step) const;
  // A look at the places of the fixture; a problem with looking is a finding and gives "".
  [[nodiscard]] std::string snapshot(Verdict& verdict) const;
  // The same for the result, without what is this tenant's own, so that it can be compared with another's.
  [[nodiscard]] std::string result(Verdict& verdict) const;
};

class Exam {
 public:
  Exam(Candidate& candidate, int number);
  ~Exam();  // removes the folder
  Exam(const Exam&) = delete;
  Exam& operator=(const Exam&) = delete;

  [[nodiscard]] Candidate& candidate() { return candidate_; }
  [[nodiscard]] const engine::Contract& contract() const { return *candidate_.contract; }
  [[nodiscard]] const model::Manifest& manifest() const { return *contract().manifest(); }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  // Only with a fixture.
  [[nodiscard]] Tenant tenant();
  // Also without a fixture, and with the example for a request: only for calls that must not act.
  [[nodiscard]] stage::Rehearsal bystander();
  // JSON; completed by the schema's defaults. Throws std::runtime_error if the engine cannot be opened without a
  // fixture.
  [[nodiscard]] std::string settings() const;

  using Work = std::function<void(stage::Subject&, Verdict&)>;
  enum class Opened { kYes, kNo };
  // Loads and opens the engine in a process of its own, does the work there and closes the engine; everything found
  // goes to the verdict, a death of the process included.
  stage::Ending in_process(Verdict& verdict, const Work& work, Opened opened = Opened::kYes);
  // The same for work that ends in the process's death by SIGKILL, which then is no finding.
  stage::Ending to_its_death(Verdict& verdict, const Work& work);

 private:
  stage::Ending contained(Verdict& verdict, const Work& work, Opened opened, bool may_die);

  Candidate& candidate_;
  const int number_;
  std::string folder_;
  int tenants_ = 0;
  std::mt19937_64 random_;
};

// What is wrong with a call apart from its meaning: outcomes, texts and outputs that no host accepts. False if
// anything.
bool keeps_contract(Verdict& verdict, const std::string& where, const stage::Heard& heard);

// Runs a step until it is done, and says if that is not so. `where` begins the sentence, e.g. "Step x".
bool run_step(Verdict& verdict, const stage::Subject& subject, Tenant& tenant, std::size_t step,
              const stage::Conditions& conditions = {});
// All steps from `first` up to, not including, `last`; false at the first that is not done.
bool run_steps(Verdict& verdict, const stage::Subject& subject, Tenant& tenant, std::size_t first, std::size_t last);

[[nodiscard]] std::string name_of(const Tenant& tenant, std::size_t step);  // "Step x"

// True for callbacks that last or are seen by others.
[[nodiscard]] bool has_effect(const std::string& callback);

}  // namespace tenantry::kit
