// Frappe 15.72 with ERPNext 15.71, as recorded: the application behind the sandbox's HTTP server.
#pragma once
#include <atomic>
#include <string>

#include "sandbox/application.hpp"
#include "sandbox/erpnext/sites.hpp"

namespace tenantry::sandbox::erpnext {

struct Options {
  bool any_site = false;    // an unknown site springs into being, fresh
  double time_scale = 0.0;  // 1: recorded quiet timings; 0: no waiting
  // That a tree insert loses against one that was committed while it ran; as measured.
  double deadlock_probability = 0.2;
  std::string db_root_password;  // what `bench new-site` has to give; empty: anything
};

class Erpnext : public Application {
 public:
  // `faults` and `journal` have to outlive it.
  Erpnext(Options options, SiteOptions sites, Faults& faults, Journal& journal);

  [[nodiscard]] Sites& sites() { return sites_; }

  [[nodiscard]] Subject describe(const Request& request) const override;
  [[nodiscard]] Response answer(const Request& request, const Exchange& exchange) override;
  [[nodiscard]] json::value state(const std::string& site) override;
  [[nodiscard]] std::optional<Response> control(const Request& request, const std::vector<std::string>& parts,
                                                const Exchange& exchange) override;

 private:
  [[nodiscard]] std::chrono::milliseconds scaled(std::chrono::milliseconds recorded) const;
  // The answers that need no site's data: faults and stages of a site that is not ready.
  [[nodiscard]] std::optional<Response> answer_fault(const Request& request, const Decision& decision) const;
  [[nodiscard]] std::optional<Response> answer_stage(Site& site, const Request& request);
  [[nodiscard]] Response answer_request(Site& site, const Request& request, const Subject& subject,
                                        const Exchange& exchange);
  [[nodiscard]] Response answer_wizard(Site& site, const Request& request, const Exchange& exchange);
  // Loses the deadlock, with the probability that the inserts committed meanwhile make.
  void contend(Site& site, const Subject& subject, std::uint64_t commits_before);
  void finish_background_wizard(Site& site);
  std::optional<Response> control_sites(const Request& request, const std::vector<std::string>& parts);
  Response control_bench(const Request& request, const Exchange& exchange);

  Faults& faults_;
  Journal& journal_;
  std::atomic<bool> any_site_;
  std::atomic<double> time_scale_;
  std::atomic<double> deadlock_probability_;
  std::mutex mutex_;  // guards db_root_password_
  std::string db_root_password_;
  Sites sites_;
};

}  // namespace tenantry::sandbox::erpnext
