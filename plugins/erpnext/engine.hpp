// ERPNext 15 and later: the eleven steps that turn a site (or a place on a shared one) into a shop that can sell.
// The steps are in setup.cpp (0, 1), company.cpp (2), chart.cpp (3), stock.cpp (4, 5, 6) and pos.cpp (7 to 10); what
// they share is in documents.hpp. One object serves all threads and keeps nothing between calls but connections.
#pragma once
#include <map>
#include <memory>
#include <mutex>

#include "blueprint.hpp"
#include "documents.hpp"

namespace tenantry::erpnext {

// What each step hands to later ones.
struct EngineCheck {
  std::string site, erpnext_version;
};
struct Platform {
  std::string site;
  bool site_created = false;
  bool wizard = false;     // this run's call of the setup wizard made the presets
  std::string owner_user;  // "": the tenant's administrator is no user of the site
  std::string customer_group, territory, item_group, stock_uom, price_list;
  Titles made;
  std::vector<Changed> changes;
};
struct Company {
  std::string name, abbr, currency, country;
  std::string cash_account, write_off_account, cost_center, income_account;
  bool made = false;
};
struct ModeAccount {
  std::string mode, account;
};
struct Chart {
  std::int64_t accounts = 0;
  std::vector<ModeAccount> payment_modes;
  Titles made;
  std::vector<std::string> rows;  // modes that were there and got an account of this company
};
struct Warehouses {
  std::string shop;
  std::vector<std::string> all;
  Titles made;
};
struct Applied {
  std::vector<Changed> changes;
};
struct Items {
  std::vector<std::string> codes;
  Titles made;
};
struct Customer {
  std::string name;
  Titles made;
};
struct PosProfile {
  std::string name;
  Titles made;
};
struct Session {
  std::string name, user;
  bool made = false;
};

BOOST_DESCRIBE_STRUCT(EngineCheck, (), (site, erpnext_version))
BOOST_DESCRIBE_STRUCT(Platform, (),
                      (site, site_created, wizard, owner_user, customer_group, territory, item_group, stock_uom,
                       price_list, made, changes))
BOOST_DESCRIBE_STRUCT(Company, (),
                      (name, abbr, currency, country, cash_account, write_off_account, cost_center, income_account,
                       made))
BOOST_DESCRIBE_STRUCT(ModeAccount, (), (mode, account))
BOOST_DESCRIBE_STRUCT(Chart, (), (accounts, payment_modes, made, rows))
BOOST_DESCRIBE_STRUCT(Warehouses, (), (shop, all, made))
BOOST_DESCRIBE_STRUCT(Applied, (), (changes))
BOOST_DESCRIBE_STRUCT(Items, (), (codes, made))
BOOST_DESCRIBE_STRUCT(Customer, (), (name, made))
BOOST_DESCRIBE_STRUCT(PosProfile, (), (name, made))
BOOST_DESCRIBE_STRUCT(Session, (), (name, user, made))

// One call's view of the tenant and its site, signed in.
struct Work {
  Blueprint plan;
  Site site;
  [[nodiscard]] EnsureOptions options() const { return {.adopt = !plan.shared}; }
};

class Engine {
 public:
  static constexpr Identity identity{"erpnext", "1.0.0", "ERPNext", {"site", "company"}};
  using Request = erpnext::Request;
  using Settings = erpnext::Settings;
  explicit Engine(Settings settings) : settings_(std::move(settings)) {}

  static void define(Graph<Engine>& g);
  Problems validate(Context&, const Request& request) { return judge(request); }

 private:
  using Asked = const Request&;
  using Who = const Tenant&;
  using Where = const Server&;
  template <class T>
  using Maybe = const std::optional<T>&;

  Result<EngineCheck> check(Context&, Asked, Who, Where);
  Verdict verify_check(Context&, Asked, Who, Where, Maybe<EngineCheck>);

  Result<Platform> set_up(Context&, Asked, Who, Where, const EngineCheck&);
  Verdict verify_set_up(Context&, Asked, Who, Where, const EngineCheck&, Maybe<Platform>);
  Result<Nothing> undo_set_up(Context&, Asked, Who, Where, const EngineCheck&, Maybe<Platform>);
  Result<Plan> plan_set_up(Context&, Asked, Who, Where, Maybe<EngineCheck>);

  Result<Company> make_company(Context&, Asked, Who, Where, const Platform&);
  Verdict verify_company(Context&, Asked, Who, Where, const Platform&, Maybe<Company>);
  Result<Nothing> undo_company(Context&, Asked, Who, Where, const Platform&, Maybe<Company>);
  Result<Plan> plan_company(Context&, Asked, Who, Where, Maybe<Platform>);

  Result<Chart> complete_chart(Context&, Asked, Who, Where, const Company&);
  Verdict verify_chart(Context&, Asked, Who, Where, const Company&, Maybe<Chart>);
  Result<Nothing> undo_chart(Context&, Asked, Who, Where, const Company&, Maybe<Chart>);

  Result<Warehouses> make_warehouses(Context&, Asked, Who, Where, const Company&);
  Verdict verify_warehouses(Context&, Asked, Who, Where, const Company&, Maybe<Warehouses>);
  Result<Nothing> undo_warehouses(Context&, Asked, Who, Where, const Company&, Maybe<Warehouses>);
  Result<Plan> plan_warehouses(Context&, Asked, Who, Where, Maybe<Company>);

  Result<Applied> apply_settings(Context&, Asked, Who, Where, const Platform&, const Company&, const Warehouses&);
  Verdict verify_settings(Context&, Asked, Who, Where, const Platform&, const Company&, const Warehouses&,
                          Maybe<Applied>);
  Result<Nothing> undo_settings(Context&, Asked, Who, Where, const Platform&, const Company&, const Warehouses&,
                                Maybe<Applied>);

  Result<std::optional<Items>> make_items(Context&, Asked, Who, Where, const Platform&, const Company&,
                                          const Warehouses&);
  Verdict verify_items(Context&, Asked, Who, Where, const Platform&, const Company&, const Warehouses&, Maybe<Items>);
  Result<Nothing> undo_items(Context&, Asked, Who, Where, const Platform&, const Company&, const Warehouses&,
                             Maybe<Items>);
  Result<Plan> plan_items(Context&, Asked, Who, Where, Maybe<Platform>, Maybe<Company>, Maybe<Warehouses>);

  Result<Customer> make_customer(Context&, Asked, Who, Where, const Platform&, const Company&);
  Verdict verify_customer(Context&, Asked, Who, Where, const Platform&, const Company&, Maybe<Customer>);
  Result<Nothing> undo_customer(Context&, Asked, Who, Where, const Platform&, const Company&, Maybe<Customer>);
  Result<Plan> plan_customer(Context&, Asked, Who, Where, Maybe<Platform>, Maybe<Company>);

  Result<PosProfile> make_pos_profile(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&,
                                      const Warehouses&, const Customer&);
  Verdict verify_pos_profile(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&,
                             const Warehouses&, const Customer&, Maybe<PosProfile>);
  Result<Nothing> undo_pos_profile(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&,
                                   const Warehouses&, const Customer&, Maybe<PosProfile>);

  Result<std::optional<Session>> open_session(Context&, Asked, Who, Where, const Platform&, const Company&,
                                              const Chart&, const PosProfile&);
  Verdict verify_session(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&, const PosProfile&,
                         Maybe<Session>);
  Result<Nothing> undo_session(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&,
                               const PosProfile&, Maybe<Session>);

  Result<Applied> finish(Context&, Asked, Who, Where, const Company&, const PosProfile&);
  Verdict verify_finish(Context&, Asked, Who, Where, const Company&, const PosProfile&, Maybe<Applied>);
  Result<Nothing> undo_finish(Context&, Asked, Who, Where, const Company&, const PosProfile&, Maybe<Applied>);

  // The site of a call, not signed in.
  Result<Work> address(Context& context, Asked request, Who tenant, Where server);
  // The same, signed in with the keys kept for the site, those of the server, or the administrator's password.
  Result<Work> enter(Context& context, Asked request, Who tenant, Where server);
  http::Client& client(const Blueprint& plan);

  const Settings settings_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<http::Client>> clients_;  // by how they trust; guarded by mutex_
};

// Tells the host what was found without running again: in sync with `output`, or how it differs.
template <class Out>
[[nodiscard]] Verdict verdict(std::vector<Drift> drift, const Out& output) {
  if (!drift.empty()) return drifted(std::move(drift));
  return in_sync().with_output(encode(output));
}

// done if this run made anything, already done if it was all there before.
template <class Out>
[[nodiscard]] Result<Out> answer(Out output, bool made) {
  if (made) return done(std::move(output));
  return already_done(std::move(output));
}

}  // namespace tenantry::erpnext
