// Odoo 17 and later: the steps that give a tenant a database of its own, or take one over, and turn it into a shop that
// can sell. The steps are in check.cpp (0), preparing.cpp (the template), platform.cpp (1), handover.cpp, company.cpp
// (2, 3, 5), warehouses.cpp (4), items.cpp (6), customer.cpp (7), till.cpp (8), session.cpp (9) and sale.cpp (10); what
// they share is in records.hpp and building.hpp. One object serves all threads and keeps nothing between calls but
// connections.
#pragma once
#include <map>
#include <memory>
#include <mutex>

#include "keys.hpp"

namespace tenantry::odoo {

// What each step hands to later ones.
struct EngineCheck {
  std::string version;  // all Odoo says of itself: "18.0-20250421"
  std::int64_t major = 0;
};
struct Template {
  std::string database;  // to copy, or to take; "": the tenant's exists by itself
  bool made = false;
};
struct Platform {
  std::string database;
  bool created = false;  // by this run, which may drop it
  std::int64_t major = 0;
  std::int64_t user = 0;  // whose rights the steps use
  std::int64_t company = 0;
  bool taken = false;  // by this run, which put its mark there
};
struct Handover {
  std::string login;
  std::int64_t user = 0;
  Titles made;
  std::vector<Changed> changes;
};
struct Company {
  std::int64_t id = 0;
  std::string name, currency;
  std::vector<Changed> changes;
};
struct Chart {
  std::string code;
};
struct Warehouse {
  std::int64_t id = 0;
  std::string name;
  std::int64_t stock = 0, sales = 0;  // its stock location; its type of operation for the till
};
struct Warehouses {
  std::vector<Warehouse> all;  // the first is the shop's
  Titles made;
};
struct Applied {
  std::vector<Changed> changes;
};
struct Items {
  std::vector<std::int64_t> ids;
  Titles made;
};
struct Customer {
  std::int64_t id = 0;
  std::string name;
  Titles made;
};
struct Till {
  std::int64_t id = 0;
  std::string name;
  std::vector<std::int64_t> methods;  // the first is the default
  Titles made;
};
struct Session {
  std::int64_t id = 0;
  std::string name;
  bool made = false;
};
struct Finished {
  std::string order;  // uuid of the sale that was made to try the till
  bool made = false;
};

BOOST_DESCRIBE_STRUCT(EngineCheck, (), (version, major))
BOOST_DESCRIBE_STRUCT(Template, (), (database, made))
BOOST_DESCRIBE_STRUCT(Platform, (), (database, created, major, user, company, taken))
BOOST_DESCRIBE_STRUCT(Handover, (), (login, user, made, changes))
BOOST_DESCRIBE_STRUCT(Company, (), (id, name, currency, changes))
BOOST_DESCRIBE_STRUCT(Chart, (), (code))
BOOST_DESCRIBE_STRUCT(Warehouse, (), (id, name, stock, sales))
BOOST_DESCRIBE_STRUCT(Warehouses, (), (all, made))
BOOST_DESCRIBE_STRUCT(Applied, (), (changes))
BOOST_DESCRIBE_STRUCT(Items, (), (ids, made))
BOOST_DESCRIBE_STRUCT(Customer, (), (id, name, made))
BOOST_DESCRIBE_STRUCT(Till, (), (id, name, methods, made))
BOOST_DESCRIBE_STRUCT(Session, (), (id, name, made))
BOOST_DESCRIBE_STRUCT(Finished, (), (order, made))

// One call's view of the tenant and its database, signed in.
struct Work {
  Blueprint plan;
  Database database;
  std::optional<Key> administrator = std::nullopt;  // with the password, if that is known
};

// The connections of an engine, by how they trust.
class Clients {
 public:
  http::Client& of(const Blueprint& plan);

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<http::Client>> clients_;  // guarded by mutex_
};

// What the steps that make databases share with the engine of templates.
[[nodiscard]] Result<EngineCheck> check_server(Wire& wire, const Blueprint& plan, const std::string& master);
// The user who is signed in, or whose API key it is.
[[nodiscard]] Result<std::int64_t> user_of(Database& database, const std::string& login);
[[nodiscard]] Result<Template> provide_template(Site& site, const std::string& version);

class Engine {
 public:
  static constexpr Identity identity{"odoo", "1.0.0", "Odoo", {"site"}};
  using Request = odoo::Request;
  using Settings = odoo::Settings;
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

  Result<Template> prepare(Context&, Asked, Who, Where, const EngineCheck&);
  Verdict verify_prepare(Context&, Asked, Who, Where, const EngineCheck&, Maybe<Template>);
  Result<Nothing> undo_prepare(Context&, Asked, Who, Where, const EngineCheck&, Maybe<Template>);
  Result<Plan> plan_prepare(Context&, Asked, Who, Where, Maybe<EngineCheck>);

  Result<Platform> set_up(Context&, Asked, Who, Where, const EngineCheck&, const Template&);
  Verdict verify_set_up(Context&, Asked, Who, Where, const EngineCheck&, const Template&, Maybe<Platform>);
  Result<Nothing> undo_set_up(Context&, Asked, Who, Where, const EngineCheck&, const Template&, Maybe<Platform>);
  Result<Plan> plan_set_up(Context&, Asked, Who, Where, Maybe<EngineCheck>, Maybe<Template>);

  Result<Handover> hand_over(Context&, Asked, Who, Where, const Platform&);
  Verdict verify_hand_over(Context&, Asked, Who, Where, const Platform&, Maybe<Handover>);
  Result<Nothing> undo_hand_over(Context&, Asked, Who, Where, const Platform&, Maybe<Handover>);

  Result<Company> make_company(Context&, Asked, Who, Where, const Platform&);
  Verdict verify_company(Context&, Asked, Who, Where, const Platform&, Maybe<Company>);
  Result<Nothing> undo_company(Context&, Asked, Who, Where, const Platform&, Maybe<Company>);
  Result<Plan> plan_company(Context&, Asked, Who, Where, Maybe<Platform>);

  Result<Chart> load_chart(Context&, Asked, Who, Where, const Platform&, const Company&);
  Verdict verify_chart(Context&, Asked, Who, Where, const Platform&, const Company&, Maybe<Chart>);
  Result<Nothing> undo_chart(Context&, Asked, Who, Where, const Platform&, const Company&, Maybe<Chart>);

  Result<Warehouses> make_warehouses(Context&, Asked, Who, Where, const Platform&);
  Verdict verify_warehouses(Context&, Asked, Who, Where, const Platform&, Maybe<Warehouses>);
  Result<Nothing> undo_warehouses(Context&, Asked, Who, Where, const Platform&, Maybe<Warehouses>);
  Result<Plan> plan_warehouses(Context&, Asked, Who, Where, Maybe<Platform>);

  Result<Applied> apply_settings(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&);
  Verdict verify_settings(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&, Maybe<Applied>);
  Result<Nothing> undo_settings(Context&, Asked, Who, Where, const Platform&, const Company&, const Chart&,
                                Maybe<Applied>);

  Result<std::optional<Items>> make_items(Context&, Asked, Who, Where, const Platform&, const Chart&,
                                          const Warehouses&);
  Verdict verify_items(Context&, Asked, Who, Where, const Platform&, const Chart&, const Warehouses&, Maybe<Items>);
  Result<Nothing> undo_items(Context&, Asked, Who, Where, const Platform&, const Chart&, const Warehouses&,
                             Maybe<Items>);
  Result<Plan> plan_items(Context&, Asked, Who, Where, Maybe<Platform>, Maybe<Chart>, Maybe<Warehouses>);

  Result<Customer> make_customer(Context&, Asked, Who, Where, const Platform&);
  Verdict verify_customer(Context&, Asked, Who, Where, const Platform&, Maybe<Customer>);
  Result<Nothing> undo_customer(Context&, Asked, Who, Where, const Platform&, Maybe<Customer>);
  Result<Plan> plan_customer(Context&, Asked, Who, Where, Maybe<Platform>);

  Result<Till> make_till(Context&, Asked, Who, Where, const Platform&, const Chart&, const Warehouses&);
  Verdict verify_till(Context&, Asked, Who, Where, const Platform&, const Chart&, const Warehouses&, Maybe<Till>);
  Result<Nothing> undo_till(Context&, Asked, Who, Where, const Platform&, const Chart&, const Warehouses&, Maybe<Till>);

  Result<std::optional<Session>> open_session(Context&, Asked, Who, Where, const Platform&, const Till&);
  Verdict verify_session(Context&, Asked, Who, Where, const Platform&, const Till&, Maybe<Session>);
  Result<Nothing> undo_session(Context&, Asked, Who, Where, const Platform&, const Till&, Maybe<Session>);

  Result<Finished> finish(Context&, Asked, Who, Where, const Platform&, const Till&, Maybe<Items>, const Customer&,
                          Maybe<Session>);
  Verdict verify_finish(Context&, Asked, Who, Where, const Platform&, const Till&, Maybe<Items>, const Customer&,
                        Maybe<Session>, Maybe<Finished>);
  Result<Nothing> undo_finish(Context&, Asked, Who, Where, const Platform&, const Till&, Maybe<Items>, const Customer&,
                              Maybe<Session>, Maybe<Finished>);

  Result<Blueprint> blueprint(Context&, Asked, Who, Where) const;
  Wire wire(Context&, Where, const Blueprint&);
  // Signed in with what there is for the tenant's database. Only step 1 makes API keys, because it has nobody beside
  // it: of several that are made at the same time only one would be kept.
  enum class Purpose { renew_key, use_key };
  Result<Work> enter(Context&, Asked, Who, Where, std::int64_t major, std::int64_t user, Purpose);
  Result<Work> enter(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                     Purpose purpose) {
    return enter(context, request, tenant, server, platform.major, platform.user, purpose);
  }

  const Settings settings_;
  Clients clients_;
};

// The shop's warehouse. BadInput if the list is empty, which no step ever leaves behind.
[[nodiscard]] const Warehouse& shop_of(const Warehouses& warehouses);

// VERIFY of a step whose database is gone has found out something; anything else it could not look at.
[[nodiscard]] Verdict looked(const Ending& ending);

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

}  // namespace tenantry::odoo
