// Who may do what, and what a tenant is made of, on a real store.
#include "base/ids.hpp"
#include "database/sqlite.hpp"
#include "service/durations.hpp"
#include "service/tenants.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::service;
using namespace std::chrono_literals;
namespace json = base::json;

namespace {

// Fails like an engine that nobody calls.
class NoRuntime final : public engine::Runtime {
 public:
  std::shared_ptr<engine::Call> start(engine::Invocation, std::shared_ptr<engine::CallSink>) override {
    return nullptr;
  }
  [[nodiscard]] std::size_t stuck() const override { return 0; }
};

ErpServer server(const std::string& id, const std::string& engine) {
  ErpServer made;
  made.id = base::ServerId(id);
  made.engine = base::EngineId(engine);
  return made;
}

std::unique_ptr<store::Store> open(const std::string& file) {
  auto opened = database::open_sqlite(
      file, {[](const std::string&) -> base::Result<model::ManifestPtr> { return base::not_found("test", "none"); }});
  if (opened.has_error()) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

struct House {
  tenantry::test::TempDir folder;
  tenantry::test::ManualClock clock;
  std::unique_ptr<store::Store> store = open(folder / "store.db");
  Identity identity{*store, clock, base::Millis(12h)};
  Servers servers{{server("a", "shop"), server("b", "shop"), server("c", "other")}};
  Engines engines{[](const base::EngineId& id, std::string_view) -> std::optional<LoadedEngine> {
                    if (id.value != "shop") return std::nullopt;
                    return LoadedEngine{std::make_shared<engine::Contract>(std::make_shared<model::Manifest>()),
                                        std::make_shared<NoRuntime>()};
                  },
                  [](const model::Manifest&) { return true; }, [] { return catalog::Snapshot(); }};
  secrets::Vault vault{secrets::Key::random()};
  Tenants tenants{*store, identity, engines, servers, vault, clock};

  Actor account(const std::string& email, model::AccountRole role = model::AccountRole::kUser) {
    const auto made = identity.create_account(email, "N", "a long password", role);
    REQUIRE(made.has_value());
    return {*made, email, role};
  }
  base::Result<json::object> create(const Actor& actor, const std::string& name) {
    return tenants.create(actor, json::object{{"name", name},
                                              {"admin_email", "o@example.org"},
                                              {"admin_name", "O"},
                                              {"admin_password", "canary-clear-text"},
                                              {"country_code", "ke"},
                                              {"engine", "shop"}});
  }
  base::TenantId tenant(const Actor& actor, const std::string& name) {
    const auto made = create(actor, name);
    REQUIRE(made.has_value());
    return base::TenantId(json::value_to<std::string>(made->at("id")));
  }
};

}  // namespace

TEST_CASE("a token is given for the right password only, and lasts its time") {
  House house;
  const auto ann = house.account("Ann@Example.org");
  const auto wrong = house.identity.sign_in("ann@example.org", "not it", "1.2.3.4");
  REQUIRE(wrong.has_error());
  CHECK(wrong.error().code == "auth.invalid");
  const auto nobody = house.identity.sign_in("bob@example.org", "not it", "1.2.3.4");
  CHECK(nobody.error().message == wrong.error().message);
  const auto in = house.identity.sign_in("ANN@example.org", "a long password", "1.2.3.4");
  REQUIRE(in.has_value());
  const auto who = house.identity.authenticate(in->token);
  REQUIRE(who.has_value());
  CHECK(who->id == ann.id);
  CHECK_FALSE(who->is_admin());
  house.clock.advance(12h + 1ms);
  CHECK(house.identity.authenticate(in->token).error().code == "auth.token");
}

TEST_CASE("a token that was signed out is worth nothing") {
  House house;
  house.account("ann@example.org");
  const auto in = house.identity.sign_in("ann@example.org", "a long password", "1.2.3.4");
  REQUIRE(in.has_value());
  REQUIRE(house.identity.sign_out(in->token).has_value());
  CHECK(house.identity.authenticate(in->token).has_error());
  CHECK(house.identity.authenticate("").has_error());
}

TEST_CASE("failed sign-ins are counted by account and by address, and forgotten after a quarter of an hour") {
  SignInGuard guard;
  const auto now = base::from_millis(1'800'000'000'000);
  for (int i = 0; i < 10; ++i) {
    CHECK(guard.check("ann", "1.1.1.1", now).has_value());
    guard.failed("ann", "1.1.1.1", now);
  }
  CHECK(guard.check("ann", "2.2.2.2", now).error().kind == base::ErrorKind::kBusy);
  CHECK(guard.check("bob", "1.1.1.1", now).has_value());
  for (int i = 0; i < 40; ++i) guard.failed("x" + std::to_string(i), "1.1.1.1", now);
  CHECK(guard.check("bob", "1.1.1.1", now).error().code == "auth.too_many");
  CHECK(guard.check("ann", "1.1.1.1", now + 15min).has_value());
}

TEST_CASE("an account needs an address and a password worth the name, and each address only once") {
  House house;
  const auto bad = house.identity.create_account("nonsense", "N", "short", model::AccountRole::kUser);
  REQUIRE(bad.has_error());
  REQUIRE(bad.error().problems.size() == 2);
  CHECK(bad.error().problems[0].pointer == "/email");
  CHECK(bad.error().problems[1].pointer == "/password");
  house.account("ann@example.org");
  CHECK(house.identity.create_account("ANN@example.org", "N", "a long password", model::AccountRole::kUser)
            .error()
            .code == "account.exists");
}

TEST_CASE("another's tenant is not there; an administrator sees all") {
  House house;
  const auto ann = house.account("ann@example.org");
  const auto bob = house.account("bob@example.org");
  const auto root = house.account("root@example.org", model::AccountRole::kAdmin);
  const auto mine = house.tenant(ann, "Ann's");
  CHECK(house.tenants.get(ann, mine).has_value());
  const auto hidden = house.tenants.get(bob, mine);
  REQUIRE(hidden.has_error());
  CHECK(hidden.error().kind == base::ErrorKind::kNotFound);
  CHECK(hidden.error().message == house.tenants.get(bob, base::TenantId("ten_none")).error().message);
  CHECK(house.identity.require(bob, mine, model::TenantRole::kViewer).error().kind == base::ErrorKind::kNotFound);
  CHECK(house.identity.require(ann, mine, model::TenantRole::kOwner).has_value());
  CHECK(house.tenants.get(root, mine).has_value());
  CHECK(house.tenants.list(ann, {})->size() == 1);
  CHECK(house.tenants.list(bob, {})->empty());
  CHECK(house.tenants.list(root, {})->size() == 1);
}

TEST_CASE("tenants are placed on the least loaded server of their engine, or on the one that is named") {
  House house;
  const auto ann = house.account("ann@example.org");
  std::map<std::string, int> placed;
  for (int i = 0; i < 6; ++i) {
    const auto made = house.create(ann, "T" + std::to_string(i));
    REQUIRE(made.has_value());
    ++placed[json::value_to<std::string>(made->at("server"))];
  }
  CHECK(placed == std::map<std::string, int>{{"a", 3}, {"b", 3}});
}

TEST_CASE("the tenant's password is stored sealed and opens for that tenant only") {
  House house;
  const auto ann = house.account("ann@example.org");
  const auto one = house.tenant(ann, "One");
  const auto two = house.tenant(ann, "Two");
  const auto sealed = house.store->secret(one, "tenant.admin_password");
  REQUIRE(sealed.has_value());
  REQUIRE(sealed->has_value());
  CHECK((*sealed)->find("canary") == std::string::npos);
  CHECK(house.vault.open(one.value, "tenant.admin_password", **sealed).value() == "canary-clear-text");
  CHECK(house.vault.open(two.value, "tenant.admin_password", **sealed).has_error());
}

TEST_CASE("what is known of a token is forgotten at once where it signs out") {
  House house;
  const auto ann = house.account("ann@example.org");
  const auto mine = house.tenant(ann, "Acme");
  const auto signed_in = house.identity.sign_in("ann@example.org", "a long password", "1.2.3.4");
  REQUIRE(signed_in.has_value());
  CHECK_FALSE(house.identity.surely_may_view(signed_in->token, mine));
  const auto actor = house.identity.authenticate(signed_in->token);
  REQUIRE(actor.has_value());
  CHECK(house.identity.require(*actor, mine, model::TenantRole::kViewer).has_value());
  CHECK(house.identity.surely_may_view(signed_in->token, mine));
  CHECK_FALSE(house.identity.surely_may_view("another token", mine));
  house.clock.advance(1s);
  CHECK_FALSE(house.identity.surely_may_view(signed_in->token, mine));  // the store is asked again
  REQUIRE(house.identity.authenticate(signed_in->token).has_value());
  REQUIRE(house.identity.sign_out(signed_in->token).has_value());
  CHECK_FALSE(house.identity.surely_may_view(signed_in->token, mine));
  CHECK(house.identity.authenticate(signed_in->token).has_error());
}

TEST_CASE("how long a step takes is the manifest's word until a run has shown it, and is asked for once a minute") {
  House house;
  model::Manifest manifest;
  manifest.digest = "d";
  manifest.steps.resize(2);
  manifest.steps[0].expected = base::Millis{500};
  manifest.steps[1].expected = base::Millis{900};
  Durations durations{*house.store, house.clock};
  CHECK((durations.expected(manifest) == std::vector<base::Millis>{base::Millis{500}, base::Millis{900}}));
  manifest.steps[0].expected = base::Millis{1};  // would be seen if it looked again
  CHECK(durations.expected(manifest)[0] == base::Millis{500});
  house.clock.advance(base::Millis{60'001});
  CHECK(durations.expected(manifest)[0] == base::Millis{1});
}
