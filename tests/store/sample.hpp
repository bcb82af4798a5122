// What the store's tests arrange: accounts, tenants, runs with values in every field, and a text of each that shows
// every field, to compare by.
#pragma once
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/advance.hpp"
#include "model/tenant.hpp"
#include "store/store.hpp"

namespace tenantry::testing {

// A manifest of `steps` steps, and the way back from its text.
[[nodiscard]] model::ManifestPtr sample_manifest(const std::string& name, std::size_t steps);
[[nodiscard]] base::Result<model::ManifestPtr> read_sample_manifest(const std::string& text);

[[nodiscard]] model::Account sample_account(const std::string& name);
[[nodiscard]] model::Tenant sample_tenant(const std::string& name, const base::AccountId& owner);

// A run in its first state and the change that made it: an event and an operation.
struct Started {
  model::Run run;
  model::Change change;
};
[[nodiscard]] Started sample_run(const std::string& id, const base::TenantId& tenant,
                                 const model::ManifestPtr& manifest,
                                 base::Time created_at = base::Time{base::Millis{1'000}});

// Appends one event with `type` to the run and gives the change to write.
[[nodiscard]] model::Change next_event(model::Run& run, const std::string& type);
[[nodiscard]] model::Change set_state(model::Run& run, model::RunState state);

// Anything that a field can hold, from a fixed seed.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  [[nodiscard]] std::int64_t number(std::int64_t from, std::int64_t to);
  [[nodiscard]] bool coin() { return number(0, 1) == 1; }
  [[nodiscard]] std::string text();   // UTF-8 with quotes, percent signs, several scripts; sometimes empty
  [[nodiscard]] std::string bytes();  // any bytes, NUL included; sometimes empty
  [[nodiscard]] base::Time time();
  [[nodiscard]] std::optional<model::Failure> failure();
  [[nodiscard]] model::StepRun step();
  [[nodiscard]] model::Attempt attempt(std::size_t step, std::int64_t number);
  [[nodiscard]] model::Event event(std::int64_t number);
  [[nodiscard]] model::Operation operation(const model::Run& run);

 private:
  std::mt19937_64 engine_;
};

[[nodiscard]] std::string show(const model::Run& run);
[[nodiscard]] std::string show(const model::Attempt& attempt);
[[nodiscard]] std::string show(const model::Event& event);
[[nodiscard]] std::string show(const model::Operation& operation);
[[nodiscard]] std::string show(const model::Tenant& tenant);
[[nodiscard]] std::string show(const model::Account& account);

// A store with one account and `count` tenants "tenant-0"..., and short ways to write to it. Every call has to
// succeed.
class Bench {
 public:
  Bench(store::Store& store, int tenants);
  [[nodiscard]] base::TenantId tenant(int index) const;
  [[nodiscard]] store::Written create(const model::Run& run, const model::Change& change, const store::HostLife& self,
                                      base::Time lease_until, std::int64_t token = 1);
  [[nodiscard]] store::Written write(const model::Run& run, const model::Change& change, const store::HostLife& self,
                                     base::Time lease_until, std::int64_t token = 1);

 private:
  store::Store& store_;
};

}  // namespace tenantry::testing
