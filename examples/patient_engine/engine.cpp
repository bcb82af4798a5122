// A patient engine: its steps ask for secrets, wait without failing, go on where an earlier attempt stopped, leave
// themselves out, and say what they would do. Its ERP is a folder.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <tenantry/engine.hpp>

namespace fs = std::filesystem;
using namespace tenantry;

struct Request {
  std::string domain;
  std::vector<std::string> items;
  std::optional<std::string> logo;
  static void constrain(Schema<Request>& s) {
    s.member(&Request::domain).format("hostname").max_length(253);
    s.member(&Request::items).items_pattern("^[a-z0-9]{1,31}$").max_items(1000);
  }
};
// All that one of the steps needs to see of it.
struct Address {
  std::string domain;
};
struct Settings {
  std::string directory;
};
struct Server {
  std::string id;
};
struct Account {
  std::string id;
  std::string folder;
};
struct Imported {
  std::uint64_t items = 0;
};
struct Branding {
  std::string file;
};
struct Site {
  std::string url;
};
BOOST_DESCRIBE_STRUCT(Request, (), (domain, items, logo))
BOOST_DESCRIBE_STRUCT(Address, (), (domain))
BOOST_DESCRIBE_STRUCT(Settings, (), (directory))
BOOST_DESCRIBE_STRUCT(Server, (), (id))
BOOST_DESCRIBE_STRUCT(Account, (), (id, folder))
BOOST_DESCRIBE_STRUCT(Imported, (), (items))
BOOST_DESCRIBE_STRUCT(Branding, (), (file))
BOOST_DESCRIBE_STRUCT(Site, (), (url))

class Patient {
 public:
  static constexpr Identity identity{"patient", "1.0.0", "A patient engine"};
  using Request = ::Request;
  using Settings = ::Settings;
  explicit Patient(Settings settings) : directory_(std::move(settings.directory)) {}

  static void define(Graph<Patient>& g) {
    const auto request = g.request();
    const auto account = g.step("open_account", &Patient::open_account, g.server())
                             .secrets({"server.api_key"})
                             .repeatable()
                             .undo(&Patient::close_account);
    g.step("import_items", &Patient::import_items, request, account).timeout(30min).heartbeat(1min).repeatable();
    const auto domain = g.step("await_domain", &Patient::await_domain, request)
                            .wait_limit(24h)
                            .repeatable()
                            .undo(&Patient::give_up_domain);
    const auto logo = g.step("add_logo", &Patient::add_logo, request, account).skippable().repeatable();
    g.step("publish", &Patient::publish, request, account, logo)
        .secrets({"site_token"})
        .after(domain)
        .repeatable()
        .plan(&Patient::plan_publish);
  }

  // Judges what a schema cannot say, before a run is accepted.
  Problems validate(Context&, const Request& r) const {
    if (fs::exists(directory_ + "/" + r.domain + ".taken")) return {{"/domain", "belongs to somebody else"}};
    return {};
  }

 private:
  Result<Account> open_account(Context& c, const Server& server) {
    if (c.secret("server.api_key").size() < 8)
      return failed("patient.unauthenticated", "The server " + server.id + " does not accept this key.")
          .next_action("Correct the api_key of this server, then continue.");
    const Account account{std::string(c.tenant_id()), directory_ + "/" + std::string(c.tenant_id())};
    const bool made = fs::create_directories(account.folder);
    if (!c.put_secret("site_token", "token of " + account.id)) return failed("patient.not_kept", "No token was kept.");
    return made ? done(account) : already_done(account);
  }
  Result<Nothing> close_account(Context&, const Server&, const std::optional<Account>& account) {
    if (account) fs::remove_all(account->folder);
    return done();
  }

  Result<Imported> import_items(Context& c, const Request& r, const Account& account) {
    bool changed = false;
    for (auto at = c.checkpoint<std::uint64_t>().value_or(0); at < r.items.size(); ++at) {
      if (!c.sleep(5ms)) return cancelled();  // the ERP takes its time
      changed = put(account.folder + "/" + r.items[at], "an item") || changed;
      c.progress(static_cast<double>(at + 1) / static_cast<double>(r.items.size()), r.items[at]);
      c.save<std::uint64_t>(at + 1);
    }
    return changed ? done(Imported{r.items.size()}) : already_done(Imported{r.items.size()});
  }

  // Ordered once; from then on it is the other side's turn.
  Result<Nothing> await_domain(Context& c, const Address& address) {
    const bool ordered_here = c.checkpoint<bool>().value_or(false);
    if (!fs::exists(directory_ + "/" + address.domain)) {
      c.save(true);
      put(directory_ + "/" + address.domain, "ordered");
      return wait(100ms, address.domain + " does not point here yet");
    }
    return ordered_here ? done() : already_done();
  }
  Result<Nothing> give_up_domain(Context&, const Address& address, const std::optional<Nothing>&) {
    fs::remove(directory_ + "/" + address.domain);
    return done();
  }

  Result<std::optional<Branding>> add_logo(Context& c, const Request& r, const Account& account) {
    if (!r.logo) return skipped("no logo was given");
    const std::optional branding(Branding{account.folder + "/logo"});
    if (!put(branding->file, *r.logo)) return already_done(branding);
    c.info("logo added", {{"file", branding->file}});
    return done(branding);
  }

  Result<Site> publish(Context& c, const Request& r, const Account& account, const std::optional<Branding>& logo) {
    const Site site{"https://" + r.domain};
    if (c.secret("site_token").empty()) return failed("patient.unauthenticated", "The site has no token.");
    if (!put(account.folder + "/site", logo ? logo->file : "plain")) return already_done(site);
    c.emit("patient.published", {{"url", site.url}});
    return done(site);
  }
  Result<Plan> plan_publish(Context&, const Request& r, const std::optional<Account>&, const std::optional<Branding>&) {
    return done(Plan{{{"create", "https://" + r.domain, "the tenant's site"}}});
  }

  // False: it was there already, as wanted. Whole or not at all: an attempt may be killed in the middle of writing.
  static bool put(const std::string& file, const std::string& text) {
    std::ostringstream found;
    found << std::ifstream(file).rdbuf();
    if (found.str() == text) return false;
    if (!(std::ofstream(file + ".draft") << text << std::flush))
      throw std::invalid_argument(file + " cannot be written");
    fs::rename(file + ".draft", file);
    return true;
  }

  std::string directory_;
};

TENANTRY_ENGINE(Patient)
