#include "matrix.hpp"

#include <pwd.h>
#include <sys/mount.h>

#include <mutex>

namespace tenantry::system {

using namespace std::chrono_literals;

namespace {

std::mutex databases;  // one is made at a time

std::string make_database(test::Postgres& server) {
  const std::lock_guard lock(databases);
  return server.create_database();
}

}  // namespace

Cell::Cell(Erp& erp, Database database) : erp_(erp), database_(database) {}

Cell::~Cell() {
  hosts_.reset();
  records_.reset();
  own_.reset();
  if (mounted_) ::umount2(disk_.path().c_str(), MNT_DETACH);
}

void Cell::own_server() {
  if (is_shared()) own_ = std::make_unique<test::Postgres>();
}

bool Cell::small_disk() {
  if (::geteuid() != 0) return false;
  std::string options = "size=4m";
  if (is_shared()) {
    const passwd* account = ::getpwnam("postgres");
    if (account == nullptr) return false;
    options = "size=48m,uid=" + std::to_string(account->pw_uid);
  }
  mounted_ = ::mount("none", disk_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  return mounted_;
}

void Cell::fill_disk() {
  std::ofstream filler(disk_ / "filler", std::ios::binary);
  const std::string block(4096, 'x');
  while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
  }
}

void Cell::clear_disk() { std::filesystem::remove(disk_ / "filler"); }

void Cell::begin(const std::string& fault) {
  ClusterOptions options;
  options.database = database_;
  options.hosts = 2;
  options.lease_ms = kLease;
  if (is_shared()) {
    name_ = make_database(server());
    if (mounted_) server().move_database(name_, disk_.path().string());
    options.url = server().url(name_);
  } else if (mounted_) {
    options.store_folder = disk_.path().string();
  }
  hosts_ = std::make_unique<Cluster>(erp_, options);
  // The tenant is made before there is a fault to meet: its host, and no other, has to have the run.
  hosts_->start(0, fault);
  hosts_->sign_in();
  tenant_ = hosts_->create_tenant("Tenant");
  if (is_shared()) hosts_->start(1);
}

std::string Cell::fault(json::object rule) {
  for (const auto& member : erp_.product.request) rule[member.key()] = member.value();
  return erp_.fault(tenant_, std::move(rule));
}

void Cell::wait_until(const std::string& what, const std::function<bool()>& is_so, int seconds) {
  if (!before(std::chrono::seconds(seconds), is_so)) throw std::runtime_error("never came about: " + what);
}

void Cell::go_on(const std::string& fault) {
  over();
  if (!is_shared()) hosts_->start(0, fault);
}

void Cell::expect_completed() {
  const bool completed = hosts_->reaches(tenant_, "COMPLETED", 40s);
  recovery_ms_ =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - over_).count();
  if (!completed) throw std::runtime_error("not completed: " + json::serialize(hosts_->status(tenant_)));
}

void Cell::expect_attempts(int wanted) {
  const auto status = hosts_->status(tenant_);
  for (const auto& step : status.at("steps").as_array())
    if (step.at("id") == json::string_view(erp_.product.step) && step.at("attempt") != wanted)
      throw std::runtime_error("attempts: " + json::serialize(step.at("attempt")) + ", not " + std::to_string(wanted));
}

Records& Cell::records() {
  if (!records_) records_ = std::make_unique<Records>(is_shared() ? hosts_->options().url : hosts_->sqlite_file());
  return *records_;
}

namespace {

void start_run(Cell& cell) {
  const auto answer = cell.hosts().ask(0, "POST", Cluster::verb(cell.tenant(), "start"), cell.erp().product.parameters);
  if (answer.status != 202) throw std::runtime_error("no start: " + std::to_string(answer.status) + answer.body);
}

bool made(Cell& cell) {
  for (const auto& effect : cell.erp().journal(cell.tenant()))
    if (effect.at("doctype") == json::string_view(cell.erp().product.object) && effect.at("what") == "created")
      return true;
  return false;
}

// The host kills itself at a point of the step.
bool host_dies_at(Cell& cell, const std::string& point) {
  cell.begin(cell.at_step("kill@" + point));
  start_run(cell);
  cell.wait_until("the host kills itself", [&] { return cell.hosts().has_ended(0); });
  cell.hosts().kill(0);
  cell.go_on();
  return true;
}

bool engine_dies_at(Cell& cell, const std::string& point) {
  cell.begin(cell.at_step("kill_engines@" + point));
  start_run(cell);
  return true;
}

enum class Victim { kHost, kEngine };

void kill(Cell& cell, Victim victim) {
  cell.over();
  if (victim == Victim::kEngine) {
    if (cell.hosts().kill_engines(0) == 0) throw std::runtime_error("no engine to kill");
    return;
  }
  cell.hosts().kill(0);
  cell.go_on();
}

// The ERP has the request and has done nothing yet; it does it all the same, a moment after the kill.
bool dies_during(Cell& cell, Victim victim) {
  cell.begin();
  const auto rule = cell.fault({{"action", "none"}, {"millis", 300}, {"times", 1}});
  start_run(cell);
  cell.wait_until("the ERP has the request", [&] { return cell.erp().hits(rule) > 0; });
  if (made(cell)) throw std::runtime_error("too late: the effect is there");
  kill(cell, victim);
  return true;
}

// The ERP has done it, and the answer never comes.
bool dies_after_effect(Cell& cell, Victim victim) {
  cell.begin();
  (void)cell.fault({{"action", "hang"}, {"times", 1}});
  start_run(cell);
  cell.wait_until("the effect is there", [&] { return made(cell); });
  kill(cell, victim);
  return true;
}

bool erp_answers(Cell& cell, json::object rule) {
  cell.begin();
  if (!rule.contains("times")) rule["times"] = 2;
  const auto id = cell.fault(std::move(rule));
  start_run(cell);
  cell.wait_until("the ERP misbehaves", [&] { return cell.erp().hits(id) > 0; });
  cell.over();
  return true;
}

// Until every rule is spent the ERP answers once, and late, so that there is time for something to happen.
std::string wait_for_call(Cell& cell, int millis) {
  auto rule = cell.fault({{"action", "none"}, {"millis", millis}, {"times", 1}});
  start_run(cell);
  cell.wait_until("the ERP has the request", [&] { return cell.erp().hits(rule) > 0; });
  return rule;
}

// For longer than a lease, and until everybody has found out: hosts that share it give their calls up, the commits of
// one that is alone fail.
bool store_goes(Cell& cell) {
  cell.own_server();
  cell.begin();
  (void)wait_for_call(cell, 300);
  if (cell.is_shared()) {
    cell.server().stop();
    cell.wait_until("both hosts give their calls up, and are ready for nothing", [&] {
      for (int i = 0; i < 2; ++i)
        if (!cell.hosts().has_said(i, "lease about to run out") || cell.hosts().ask(i, "GET", "/readyz").status != 503)
          return false;
      return true;
    });
    cell.server().start();
  } else {
    Records& file = cell.records();
    (void)file.rows("begin immediate");
    cell.wait_until("the host's commits fail", [&] {
      return cell.hosts().ask(0, "GET", "/readyz").body.find("commits fail") != std::string::npos;
    });
    (void)file.rows("rollback");
  }
  cell.over();
  return true;
}

bool disk_fills_up(Cell& cell) {
  if (!cell.small_disk()) return false;
  cell.own_server();  // what is on the disk goes with it
  cell.begin();
  (void)wait_for_call(cell, 200);
  cell.fill_disk();
  int fillers = 0;
  cell.wait_until("a commit needs room that is not there", [&] {
    if (cell.is_shared()) {  // the run alone may find room in pages that it has
      (void)cell.hosts().ask(1, "POST", "/api/iam/tenants",
                             json::serialize(json::object{{"name", "Filler " + std::to_string(++fillers)},
                                                          {"admin_email", "o@example.org"},
                                                          {"admin_name", "Owner"},
                                                          {"description", std::string(1'500, 'x')},
                                                          {"admin_password", "cluster-owner-pass"},
                                                          {"country_code", "KE"},
                                                          {"engine", cell.erp().product.engine}}));
      return cell.server().log().find("No space left on device") != std::string::npos;
    }
    const auto ready = cell.hosts().ask(0, "GET", "/readyz").body;
    return ready.find("store.disk_full") != std::string::npos || ready.find("commits fail") != std::string::npos;
  });
  cell.clear_disk();
  cell.over();
  return true;
}

bool two_claim(Cell& cell) {
  cell.begin();
  (void)wait_for_call(cell, 300);
  if (!cell.is_shared()) {
    bool refused = false;
    try {
      cell.hosts().start(1);
    } catch (const std::runtime_error&) {
      refused = true;
    }
    if (!refused) throw std::runtime_error("a second host serves the same file");
    cell.over();
    return true;
  }
  // A third would only make it longer: two look at what the dead one leaves, in the same moment.
  cell.hosts().kill(0);
  cell.hosts().start(0);
  cell.over();
  cell.expect_completed();
  const auto token = cell.records().rows("select token from runs where tenant = '" + cell.tenant() + "'").at(0)[0];
  if (token != "2") throw std::runtime_error("the run was taken over " + token + " times");
  return true;
}

bool clock_jumps(Cell& cell) {
  cell.begin();
  // It waits for the ERP, which is told to be away, while its host's clock goes an hour forth and back again.
  const auto rule = cell.fault({{"action", "html"}, {"status", 502}});
  start_run(cell);
  cell.wait_until("the step waits", [&] { return cell.erp().hits(rule) > 0; });
  for (const auto* off : {"clock=3600000", ""}) {
    const auto hits = cell.erp().hits(rule);
    cell.hosts().kill(0);
    cell.hosts().start(0, off);
    cell.wait_until(
        "it is tried again", [&] { return cell.erp().hits(rule) > hits; }, 40);
  }
  cell.erp().end_fault(rule);
  cell.over();
  return true;
}

}  // namespace

const std::vector<MatrixRow>& matrix() {
  static const std::vector<MatrixRow> rows{
      {"`kill -9` of the host before the call", "nothing was asked for; VERIFY says so, and the step runs",
       [](Cell& cell) { return host_dies_at(cell, "claimed"); }},
      {"`kill -9` of the host during the call",
       "the ERP finishes what it has; VERIFY finds it, or the step looks again",
       [](Cell& cell) { return dies_during(cell, Victim::kHost); }},
      {"`kill -9` of the host after the effect, before the answer", "VERIFY finds it",
       [](Cell& cell) { return dies_after_effect(cell, Victim::kHost); }},
      {"`kill -9` of the host after the answer, before the commit", "VERIFY finds it",
       [](Cell& cell) { return host_dies_at(cell, "answered"); }},
      {"`kill -9` of the host after the commit", "the next step runs",
       [](Cell& cell) { return host_dies_at(cell, "committed"); }},
      {"`kill -9` of the engine before the call", "the call goes to the next process",
       [](Cell& cell) { return engine_dies_at(cell, "claimed"); }},
      {"`kill -9` of the engine during the call", "VERIFY in the next process, then the step looks again",
       [](Cell& cell) { return dies_during(cell, Victim::kEngine); }},
      {"`kill -9` of the engine after the effect, before the answer", "VERIFY finds it",
       [](Cell& cell) { return dies_after_effect(cell, Victim::kEngine); }},
      {"`kill -9` of the engine after the answer, before the commit", "the answer counts",
       [](Cell& cell) { return engine_dies_at(cell, "answered"); }},
      {"`kill -9` of the engine after the commit", "the next step runs in the next process",
       [](Cell& cell) { return engine_dies_at(cell, "committed"); }},
      {"the ERP answers 500", "retried",
       [](Cell& cell) {
         return erp_answers(cell, {{"action", "error"}, {"status", 500}});
       },
       3},
      {"the ERP answers 502", "retried",
       [](Cell& cell) {
         return erp_answers(cell, {{"action", "html"}, {"status", 502}});
       },
       3},
      {"the ERP answers 503", "waits for the server, without costing an attempt",
       [](Cell& cell) {
         return erp_answers(cell, {{"action", "html"}, {"status", 503}, {"times", 1}});  // asks for ten seconds
       },
       1},
      {"the ERP answers 429", "waits for as long as it says, without costing an attempt",
       [](Cell& cell) {
         return erp_answers(cell, {{"action", "too_many"}, {"retry_after", 1}});
       },
       1},
      {"the ERP cuts the connection before it does anything", "retried",
       [](Cell& cell) {
         return erp_answers(cell, {{"action", "drop_before"}});
       },
       3},
      {"the ERP does it and the answer is lost", "the step looks and finds it, at once or in its next attempt",
       [](Cell& cell) {
         return erp_answers(cell, {{"action", "drop_after"}});
       }},
      {"the store is gone for longer than a lease",
       "what was answered meanwhile is stored when it is back; with other hosts about, "
       "calls are given up before the lease ends",
       store_goes},
      {"the store's disk is full", "nothing is lost; it goes on when there is room", disk_fills_up},
      {"two hosts claim at once", "SQLite: the second is refused; PostgreSQL: one gets the run", two_claim},
      {"the clock jumps by an hour, forth and back", "nobody waits for an hour", clock_jumps},
  };
  return rows;
}

std::string matrix_page() {
  std::string head = "| what happens | what the run does |";
  std::string line = "|---|---|";
  std::string cells;
  for (const auto& product : products())
    for (const auto* store : {"SQLite", "PostgreSQL"}) {
      head += " " + product.title + ", " + store + " |";
      line += "---|";
      cells += " ✓ |";
    }
  std::string page = head + "\n" + line + "\n";
  for (const auto& row : matrix()) page += "| " + row.what + " | " + row.then + " |" + cells + "\n";
  return page;
}

}  // namespace tenantry::system
