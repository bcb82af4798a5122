#include <algorithm>
#include <tuple>

#include "base/json.hpp"
#include "tables/soci_store.hpp"
#include "tables/words.hpp"

// Commands on their way from the host that was asked to the host that has the run.
namespace tenantry::tables {
namespace {

namespace json = base::json;

std::string to_text(const base::Error& error) {
  json::array problems;
  for (const auto& problem : error.problems) problems.push_back(json::array{problem.pointer, problem.message});
  return json::serialize(json::object{{"kind", static_cast<int>(error.kind)},
                                      {"code", error.code},
                                      {"message", error.message},
                                      {"next_action", error.next_action},
                                      {"problems", std::move(problems)},
                                      {"allowed_verbs", json::value_from(error.allowed_verbs)}});
}

base::Error to_error(const std::string& text) {
  const auto read = base::parse_json(text);
  if (read.has_error() || !read->is_object()) throw Unreadable("an answer that is no error");
  try {
    const auto& object = read->get_object();
    base::Error error;
    error.kind = static_cast<base::ErrorKind>(object.at("kind").to_number<int>());
    error.code = json::value_to<std::string>(object.at("code"));
    error.message = json::value_to<std::string>(object.at("message"));
    error.next_action = json::value_to<std::string>(object.at("next_action"));
    for (const auto& one : object.at("problems").as_array())
      error.problems.push_back({json::value_to<std::string>(one.at(0)), json::value_to<std::string>(one.at(1))});
    error.allowed_verbs = json::value_to<std::vector<std::string>>(object.at("allowed_verbs"));
    return error;
  } catch (const std::exception&) {
    throw Unreadable("an answer that is no error");
  }
}

}  // namespace

Result<void> SociStore::hand_over(const HandedCommand& handed, Time now, Time forget) {
  return write_as<void>([&](Session& db) -> Result<void> {
    const auto& command = handed.command;
    db.run(R"sql(delete from handed_commands where created_at < :forget)sql", forget);
    db.run(R"sql(insert into handed_commands (id, run, verb, step, actor, reason, forced, downstream, created_at)
                 values (:id, :run, :verb, :step, :actor, :reason, :forced, :downstream, :created_at))sql",
           command.id, handed.run, word(command.verb), command.step, command.actor, command.reason, command.force,
           command.downstream, now);
    if (const char* tell = dialect_->tell(Told::kHanded); tell != nullptr) db.run(tell);
    return {};
  });
}

Result<std::vector<HandedCommand>> SociStore::take_handed(const HostLife& self, Time since) {
  return write_as<std::vector<HandedCommand>>([&](Session& db) {
    std::vector<std::pair<long long, HandedCommand>> found;
    db.select<std::string, std::string, std::string, std::string, std::string, std::string, long long, long long,
              long long>(
        R"sql(update handed_commands set taken = 1
              where created_at >= :since and refusal = ''
                and run in (select r.id from runs r join lives l on l.id = r.owner
                            where l.host = :host and l.boot = :boot)
              returning id, run, verb, step, actor, reason, forced, downstream, created_at)sql",
        with(since, self.host, self.boot),
        [&](std::string&& id, std::string&& run, const std::string& verb, std::string&& step, std::string&& actor,
            std::string&& reason, long long forced, long long downstream, long long created_at) {
          auto& [at, handed] = found.emplace_back(created_at, HandedCommand{});
          handed.run = base::RunId(std::move(run));
          handed.command.id = base::OperationId(std::move(id));
          handed.command.verb = known(model::verb(verb), verb);
          handed.command.step = std::move(step);
          handed.command.actor = std::move(actor);
          handed.command.reason = std::move(reason);
          handed.command.force = forced != 0;
          handed.command.downstream = downstream != 0;
        });
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::tie(a.first, a.second.command.id.value) < std::tie(b.first, b.second.command.id.value);
    });
    std::vector<HandedCommand> taken;
    for (auto& [at, handed] : found) taken.push_back(std::move(handed));
    return taken;
  });
}

Result<void> SociStore::refuse_handed(const base::OperationId& command, const base::Error& refusal) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(update handed_commands set refusal = :refusal where id = :id)sql", to_text(refusal), command);
    if (const char* tell = dialect_->tell(Told::kAnswered); tell != nullptr) db.run(tell);
    return {};
  });
}

Result<Handed> SociStore::handed(const base::OperationId& command, Time now) {
  return read_as<Handed>([&](Session& db) {
    Handed answer;
    db.select<std::string, long long, long long>(
        R"sql(select h.refusal, case when r.owner is null then 1 else 0 end, coalesce(l.lease_until, 0)
              from handed_commands h join runs r on r.id = h.run left join lives l on l.id = r.owner
              where h.id = :id)sql",
        with(command), [&](const std::string& refusal, long long finished, long long until) {
          answer.state = Handed::State::kWaiting;
          if (!refusal.empty()) {
            answer.state = Handed::State::kRefused;
            answer.refusal = to_error(refusal);
          } else if (finished != 0 || until <= base::to_millis(now)) {
            answer.state = Handed::State::kOwnerless;
          }
        });
    if (answer.state == Handed::State::kUnknown)
      db.select<std::string>(R"sql(select id from operations where id = :id)sql", with(command),
                             [&](std::string&&) { answer.state = Handed::State::kDone; });
    return answer;
  });
}

Result<bool> SociStore::take_back(const base::OperationId& command) {
  return write_as<bool>([&](Session& db) {
    return db.run(R"sql(delete from handed_commands where id = :id and (taken = 0 or refusal <> ''))sql", command) != 0;
  });
}

}  // namespace tenantry::tables
