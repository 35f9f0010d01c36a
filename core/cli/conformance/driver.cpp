// SPDX-License-Identifier: Apache-2.0
// Drivers: URLs, statements, failures, batches, transactions, stopping, many threads, many times.
#include <future>
#include <thread>

#include "core/cli/conformance/checks.hpp"
#include "core/cli/conformance/driver_session.hpp"

namespace kdeps::conformance {

namespace {

// Understood by PostgreSQL, MariaDB, MySQL, SQLite and others; the quirks may give another text.
constexpr std::string_view kSelect = "SELECT 1 AS one";
constexpr std::string_view kManyRows =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n";
constexpr std::string_view kForever =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n";
// T-SQL has no RECURSIVE, and stops after 100 levels.
constexpr std::string_view kManyRowsOfTsql =
    "WITH n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29) SELECT a.i * 30 + b.i + 1 AS i FROM n a CROSS "
    "JOIN "
    "n b";
constexpr std::string_view kForeverOfTsql = "WAITFOR DELAY '00:01:00'";
constexpr std::string_view kSecret = "s3cretw0rd";

const kdeps_driver& driver_of(const Subject& subject) { return *subject.table<kdeps_driver>(KDEPS_DRIVER_ID); }

std::string url_of(const Options& options, const Quirks& quirks) {
    return options.url.empty() ? quirks.text("driver", "url", "") : options.url;
}

// T-SQL alone writes @p1 and [names].
bool speaks_tsql(const kdeps_driver& driver) {
    return driver.placeholders == KDEPS_PLACEHOLDER_AT && (driver.lexis & KDEPS_LEXIS_BRACKET) != 0;
}

std::string many_rows(const Quirks& quirks, const kdeps_driver& driver) {
    return quirks.text("driver", "rows", speaks_tsql(driver) ? kManyRowsOfTsql : kManyRows);
}

std::string first_scheme(const kdeps_driver& driver) {
    const std::string schemes(driver.schemes.data, driver.schemes.size);
    return schemes.substr(0, schemes.find(' '));
}

// What a piece of work does against the contract, or what the database says against it.
std::string wrong_in(const std::function<void()>& work) {
    try {
        work();
        return {};
    } catch (const Error& error) {
        return error.message;
    }
}

// Work that must fail, in good form.
std::string wrong_failing(const std::function<void()>& work) {
    try {
        work();
        return "was accepted";
    } catch (const Error& error) {
        if (is_breach(error)) return error.message;
        return error.message.find(kSecret) == std::string::npos ? "" : "shows the password in its message";
    }
}

void check_transactions(Session& session, Reporter& reporter) {
    try {
        reporter.at("begin");
        session.begin();
    } catch (const Error& error) {
        if (error.status == Status::unsupported) {
            reporter.skip("transactions", "the driver has none");
        } else {
            reporter.fail("transactions", error.message);
        }
        return;
    }
    reporter.at("commit and rollback");
    reporter.result("transactions", wrong_in([&] {
                        session.execute(kSelect);
                        session.commit();
                        session.begin();
                        session.rollback();
                        session.execute(kSelect);
                    }));
}

// `with_parameter` has one parameter.
void check_description(Session& session, const std::string& with_parameter, Reporter& reporter) {
    reporter.at("describe");
    try {
        session.describe(kSelect, 0, 1);
    } catch (const Error& error) {
        if (error.status == Status::unsupported && !is_breach(error)) {
            reporter.skip("describe", "the driver does not describe statements");
        } else {
            reporter.fail("describe", error.message);
        }
        return;
    }
    std::string wrong = wrong_in([&] { session.describe(with_parameter, 1, -1); });
    // Refused when it is prepared, or here.
    if (wrong.empty()) wrong = wrong_failing([&] { session.describe("THIS IS NO STATEMENT OF ANY DIALECT", 0, 0); });
    if (wrong.empty()) wrong = wrong_in([&] { session.execute(kSelect); });
    reporter.result("describe", wrong);
}

// A statement that lasts, told to stop as the host does.  False if its thread is still caught in the driver.
bool check_stop(Session& session, std::string_view sql, const std::string& check, Deadline limit, Reporter& reporter) {
    std::promise<void> promise;
    std::future<void> future = promise.get_future();
    Error ended(Status::ok, "");
    std::thread runner([&] {
        try {
            session.execute(sql, {}, limit);
        } catch (const Error& error) {
            ended = error;
        }
        promise.set_value();
    });
    if (future.wait_for(std::chrono::milliseconds(200)) == std::future_status::ready && !limit.has_passed()) {
        runner.join();
        reporter.skip(check, "the statement ended by itself" + (ended.message.empty() ? "" : ": " + ended.message) +
                                 "; give driver.slow in --quirks: a statement that lasts at least 10 s");
        return true;
    }
    const Deadline deadline = Deadline::after(kSoon);
    do {
        session.cancel();
    } while (future.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready && !deadline.has_passed());
    if (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        runner.detach();  // the process ends without it
        reporter.fail(check, "the statement goes on " + duration_text(kSoon) + " after cancel");
        return false;
    }
    runner.join();
    if (is_breach(ended)) {
        reporter.fail(check, ended.message);
    } else if (ended.status != Status::timeout && ended.status != Status::cancelled) {
        reporter.fail(check, "the statement ended with " + std::string(status_name(ended.status)) +
                                 ", not with TIMEOUT or CANCELLED: " + ended.message);
    } else {
        reporter.pass(check);
    }
    return true;
}

// A flag that the driver does not know, and one that it may not, change no result.
std::string wrong_one_shot(Subject& subject, const kdeps_driver& driver, std::string_view url, std::string_view batch) {
    constexpr std::uint32_t kNoFlagYet = 1U << 31U;
    std::string wrong;
    const std::string failure = wrong_in([&] {
        Session session(subject, driver, url, {}, KDEPS_TARGET_ONE_SHOT | kNoFlagYet);
        session.execute(kSelect);
        wrong = wrong_failing([&] { session.execute("THIS IS NO STATEMENT OF ANY DIALECT"); });
        if (wrong.empty()) wrong = session.wrong_batch(batch, 3);
        session.execute(kSelect);
    });
    return failure.empty() ? wrong : failure;
}

}  // namespace

void check_driver_urls(const Options& options, const Quirks& quirks, Reporter& reporter) {
    Subject subject(options, quirks);
    const kdeps_driver& driver = driver_of(subject);
    // Nobody can be reached there: RFC 6761 keeps .invalid free of hosts.
    const std::string url = first_scheme(driver) + "://user:" + std::string(kSecret) +
                            "@host.invalid/nowhere/at/all?noSuchOptionAnywhere=1";
    {
        Invocation invocation(subject.registry());
        const kdeps_target target{sizeof(kdeps_target), 0, to_str(url), to_str("/"), to_str("conformance")};
        reporter.at("check");
        const kdeps_status status = driver.check(subject.instance(), invocation.handle(), &target);
        std::string wrong = status == KDEPS_OK ? "" : wrong_failure(status, invocation.call);
        if (wrong.empty() && invocation.call.error &&
            invocation.call.error->message.find(kSecret) != std::string::npos) {
            wrong = "shows the password in its message";
        }
        reporter.result("check of a URL", wrong);
    }
    reporter.at("open");
    reporter.result("open fails in good form", wrong_failing([&] {
                        const Session session(subject, driver, url, Deadline::after(std::chrono::seconds(5)));
                    }));
}

void check_driver(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const std::string url = url_of(options, quirks);
    if (url.empty()) {
        reporter.skip("statements", "give --url to test it with a database");
        return;
    }
    Subject subject(options, quirks);
    const kdeps_driver& driver = driver_of(subject);
    reporter.at("open");
    Session session(subject, driver, url);
    reporter.pass("open");
    reporter.at("server");
    reporter.result("server", is_valid_utf8(session.server()) ? "" : "is not UTF-8");
    reporter.at("ping");
    reporter.result("ping", wrong_in([&] { session.ping(); }));
    reporter.at("execute");
    reporter.result(
        "rows", wrong_in([&] {
            if (const std::string json = session.execute(kSelect).json; json != "[{\"one\":1}]")
                throw breach(std::string(kSelect) + " gave " + json);
            const std::string json = session.execute(many_rows(quirks, driver)).json;
            const value::Value rows = value::parse_json(json.empty() ? "[]" : json);
            if (rows.size() < 100)
                throw breach("driver.rows gave " + std::to_string(rows.size()) + " rows, at least 100 are wanted");
        }));
    reporter.at("a result that is given up");
    reporter.result("a result that is given up", wrong_in([&] {
                        session.abandon(many_rows(quirks, driver));
                        session.execute(kSelect);
                    }));
    reporter.at("a wrong statement");
    std::string wrong = wrong_failing([&] { session.execute("THIS IS NO STATEMENT OF ANY DIALECT"); });
    if (wrong.empty()) wrong = wrong_in([&] { session.execute(kSelect); });
    reporter.result("a wrong statement", wrong);
    check_transactions(session, reporter);
    const std::string batch = quirks.text("driver", "batch", "SELECT " + placeholder(driver, 1) + " AS v");
    check_description(session, batch, reporter);
    reporter.at("execute_batch");
    reporter.result("batch", session.wrong_batch(batch, 3));
    reporter.at("execute_batch");
    reporter.result("empty batch", session.wrong_batch(batch, 0));
    reporter.at("execute after a batch");
    reporter.result("a statement after a batch", wrong_in([&] { session.execute(kSelect); }));
    reporter.at("a connection for one-shot statements");
    reporter.result("a connection for one-shot statements", wrong_one_shot(subject, driver, url, batch));
}

void check_driver_stops(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const std::string url = url_of(options, quirks);
    if (url.empty()) {
        reporter.skip("cancel", "give --url to test it with a database");
        return;
    }
    Subject subject(options, quirks);
    Session session(subject, driver_of(subject), url);
    reporter.at("cancel while nothing runs");
    session.cancel();
    session.cancel();
    // It may stop the next statement, but no more than that.
    wrong_in([&] { session.execute(kSelect); });
    reporter.result("cancel while nothing runs", wrong_in([&] { session.execute(kSelect); }));
    const std::string slow = quirks.text("driver", "slow", speaks_tsql(driver_of(subject)) ? kForeverOfTsql : kForever);
    reporter.at("execute, at its deadline");
    if (!check_stop(session, slow, "deadline", Deadline::after(std::chrono::milliseconds(100)), reporter))
        reporter.leave();
    Session other(subject, driver_of(subject), url);
    reporter.at("execute, cancelled");
    // A driver may ask the host why it was stopped: this deadline passes while cancel is told.
    if (!check_stop(other, slow, "cancel", Deadline::after(std::chrono::milliseconds(250)), reporter)) reporter.leave();
}

void check_driver_threads(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const std::string url = url_of(options, quirks);
    if (url.empty()) {
        reporter.skip("connections on many threads", "give --url to test it with a database");
        return;
    }
    Subject subject(options, quirks);
    reporter.at("connections on many threads");
    std::vector<std::future<std::string>> results;
    for (int i = 0; i < 4; ++i) {
        results.push_back(std::async(std::launch::async, [&] {
            return wrong_in([&] {
                Session session(subject, driver_of(subject), url);
                for (int j = 0; j < 20; ++j) session.execute(kSelect);
            });
        }));
    }
    std::string wrong;
    for (auto& result : results) {
        if (std::string one = result.get(); !one.empty()) wrong = one;
    }
    reporter.result("connections on many threads", wrong);
}

void check_driver_leaks(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const std::string url = url_of(options, quirks);
    if (url.empty()) {
        reporter.skip("close leaves nothing behind", "give --url to test it with a database");
        return;
    }
    Subject subject(options, quirks);
    const kdeps_driver& driver = driver_of(subject);
    reporter.at("open and close, many times");
    reporter.result("close leaves nothing behind", leak_of(40, [&] {
                        Session session(subject, driver, url);
                        session.execute(kSelect);
                    }));
    Session session(subject, driver, url);
    reporter.at("execute, many times");
    reporter.result("execute leaves nothing behind", leak_of(100, [&] { session.execute(kSelect); }));
    reporter.at("failing statements, many times");
    reporter.result("a failure leaves nothing behind",
                    leak_of(100, [&] { wrong_in([&] { session.execute("THIS IS NO STATEMENT OF ANY DIALECT"); }); }));
}

}  // namespace kdeps::conformance
