/*
 * One session: signing in, the line, the command under way, and what of it waits for whom.
 *
 *     LOGIN -> PENALTY -> LOGIN -> LINE -> JOB -> ASK -> JOB -> LINE
 *                                  LINE -> COMPLETION -> LINE
 *
 * While a job runs, keys are kept (ahead) until there is a line to put them into; Ctrl-C alone is
 * seen at once.
 *
 * Two may be here, one at a time: the service, and a task that interrupts it (sp_console_keys).
 * That one finds either the flag `inside`, and keeps away, or everything at rest between two steps.
 */
#include "console/console.h"

#include "base/log.h"
#include "console/complete.h"
#include "console/editor.h"
#include "console/history.h"
#include "console/job.h"
#include "console/output.h"
#include "sealpost.h"

#include <stdatomic.h>
#include <string.h>

#define PROMPT "sealpost> "
#define PASSWORD_PROMPT "password: "
#define CTRL_C 3
#define TURNS 64           /* things done in one step */
#define KEYS_AT_ONCE 32    /* of sp_console_keys */
#define OUTPUT_RETRY_MS 10 /* the UART was full */
#define IDLE_MS 900000     /* until a session that has a password ends by itself */
#define PENALTY_MOST_MS 60000

enum state { START, LOGIN, PENALTY, LINE, COMPLETION, JOB, ASK };

static struct {
    struct sp_hal_uart *uart;
    enum state state;
    struct sp_out out;
    struct sp_history history;
    struct sp_editor editor;
    union { /* one at a time */
        struct sp_completion completion;
        struct sp_job job;
    };
    bool waiting;         /* JOB: not to be stepped before `wake` */
    sp_time wake;         /* JOB, PENALTY */
    sp_time input;        /* when the last byte came */
    bool touched;         /* a byte came, and `input` does not say so yet */
    enum sp_edit pending; /* what the editor reported while the service was elsewhere */
    unsigned wrong;       /* passwords in a row */
    unsigned hangups;     /* of the line, those that ended a session */
    uint8_t ahead[128];
    size_t ahead_n;
} console;

static atomic_bool inside; /* the service is in one of this file's functions */
static atomic_bool missed; /* sp_console_keys kept away because of that */

/* One core runs both sides, so that the compiler's order is the only one to hold. */
static void enter(void)
{
    atomic_store(&missed, false);
    atomic_store(&inside, true);
    atomic_signal_fence(memory_order_seq_cst);
}

static void leave(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store(&inside, false);
}

void sp_console_start(struct sp_hal_uart *uart)
{
    enter();
    memset(&console, 0, sizeof console);
    console.uart = uart;
    sp_out_init(&console.out);
    sp_history_clear(&console.history);
    sp_editor_init(&console.editor, &console.out, &console.history);
    leave();
}

bool sp_console_idle(void)
{
    bool telling, idle;

    enter();
    telling = console.state == START || console.state == COMPLETION ||
              (console.state == JOB && !console.waiting) || console.pending != SP_EDIT_NONE;
    idle = console.uart == NULL || (!telling && sp_out_empty(&console.out));
    leave();
    return idle;
}

/* --- states --- */

static void prompt(void)
{
    console.state = LINE;
    console.pending = SP_EDIT_NONE;
    sp_editor_begin(&console.editor, PROMPT, SP_ECHO_LINE);
}

static void ask_password(void)
{
    console.state = LOGIN;
    console.pending = SP_EDIT_NONE;
    sp_editor_begin(&console.editor, PASSWORD_PROMPT, SP_ECHO_HIDDEN);
}

static void sign_out(const char *sentence)
{
    sp_history_clear(&console.history);
    sp_out_raw(&console.out, sentence);
    ask_password();
}

static void begin_session(void)
{
    struct sealpost_status *status = &console.job.u.status;

    sealpost_status(status);
    sp_out_printf(&console.out, "\nSealpost %.30s on %.30s; `help` lists the commands.\n",
                  status->version, status->board);
    if (sealpost_password_set()) {
        ask_password();
    } else {
        prompt();
    }
}

/* --- signing in --- */

static sp_time penalty_ms(void)
{
    unsigned doublings = console.wrong < 7 ? console.wrong - 1 : 6;

    return sp_time_min((sp_time)1000 << doublings, PENALTY_MOST_MS);
}

static void refuse_password(sp_time now)
{
    sp_time wait;

    console.wrong++;
    wait = penalty_ms();
    sp_log_warn("console", "wrong password, %u in a row", console.wrong);
    sp_out_printf(&console.out, "Wrong password; the next try is possible in %u s.\n",
                  (unsigned)(wait / 1000));
    console.state = PENALTY;
    console.wake = now + wait;
}

static void try_password(sp_time now)
{
    bool right = !sealpost_password_set() || sealpost_password_matches(console.editor.line);

    sp_editor_wipe(&console.editor);
    if (!right) {
        refuse_password(now);
        return;
    }
    if (console.wrong > 0) {
        sp_log_info("console", "signed in after %u wrong passwords", console.wrong);
    }
    console.wrong = 0;
    prompt();
}

/* --- a line, an answer --- */

/* Lines that may hold a secret in the wrong place are not kept. */
static void remember(const char *line)
{
    while (*line == ' ') {
        line++;
    }
    if (strncmp(line, "password", 8) != 0 && strncmp(line, "publish server", 14) != 0) {
        sp_history_add(&console.history, line);
    }
}

static void run_line(void)
{
    remember(console.editor.line);
    if (!sp_job_begin(&console.job, &console.out, console.editor.line)) {
        prompt();
        return;
    }
    console.state = JOB;
    console.waiting = false;
}

static void refuse_long_line(void)
{
    bool domain = strncmp(console.editor.line, "domain ", 7) == 0;

    remember(console.editor.line);
    sp_out_printf(&console.out,
                  "The line is longer than %d bytes and was not run; Up brings it back.\n",
                  SP_CONSOLE_LINE_MAX - 1);
    sp_out_raw(&console.out, domain
                                 ? "Many mx hosts need not be on one line: `domain set D mx +HOST` "
                                   "adds some.\n"
                                 : "");
    prompt();
}

static void line_event(enum sp_edit event)
{
    switch (event) {
    case SP_EDIT_LINE:
        run_line();
        break;
    case SP_EDIT_TOO_LONG:
        refuse_long_line();
        break;
    case SP_EDIT_CANCEL:
        prompt();
        break;
    case SP_EDIT_END:
        if (sealpost_password_set()) {
            sign_out("\n");
        } else {
            sp_editor_bell(&console.editor);
        }
        break;
    case SP_EDIT_COMPLETE:
        console.state = COMPLETION;
        sp_completion_begin(&console.completion, &console.editor);
        break;
    case SP_EDIT_NONE:
    default:
        break;
    }
}

/* Enter alone, by which people wake a console up, is no try. */
static void login_event(enum sp_edit event, sp_time now)
{
    if (event == SP_EDIT_LINE && console.editor.len == 0) {
        ask_password();
    } else if (event == SP_EDIT_LINE) {
        try_password(now);
    } else if (event == SP_EDIT_TOO_LONG) {
        refuse_password(now);
    } else if (event == SP_EDIT_CANCEL) {
        ask_password();
    }
}

static void answer_event(enum sp_edit event)
{
    if (event == SP_EDIT_NONE) {
        return;
    }
    if (event == SP_EDIT_COMPLETE) {
        sp_editor_bell(&console.editor);
        return;
    }
    if (event == SP_EDIT_END) {
        sp_out_raw(&console.out, "\n");
    }
    console.job.cancelled = event == SP_EDIT_CANCEL || event == SP_EDIT_END;
    console.job.answer_too_long = event == SP_EDIT_TOO_LONG;
    console.job.answer = console.editor.line;
    console.state = JOB;
    console.waiting = false;
}

/* --- bytes --- */

/* Whoever was there has left, and what comes now is somebody else's. */
static bool has_hung_up(void)
{
    return console.uart->ops->hangups != NULL &&
           console.uart->ops->hangups(console.uart) != console.hangups;
}

static bool next_byte(uint8_t *byte)
{
    if (console.ahead_n > 0) {
        *byte = console.ahead[0];
        console.ahead_n--;
        memmove(console.ahead, console.ahead + 1, console.ahead_n);
        console.ahead[console.ahead_n] = 0;
        return true;
    }
    if (has_hung_up() || console.uart->ops->read(console.uart, byte, 1) == 0) {
        return false;
    }
    console.touched = true;
    return true;
}

static void keep_time(sp_time now)
{
    if (console.touched) {
        console.input = now;
    }
    console.touched = false;
}

/* One byte for the editor, while it has nothing to report. */
static bool edit_byte(void)
{
    uint8_t byte;

    if (console.pending != SP_EDIT_NONE || !next_byte(&byte)) {
        return false;
    }
    console.pending = sp_editor_byte(&console.editor, byte);
    return true;
}

static bool edit(sp_time now)
{
    bool more = edit_byte() || console.pending != SP_EDIT_NONE;
    enum sp_edit event = console.pending;

    console.pending = SP_EDIT_NONE;
    keep_time(now);
    if (console.state == LOGIN) {
        login_event(event, now);
    } else if (console.state == ASK) {
        answer_event(event);
    } else {
        line_event(event);
    }
    return more;
}

/* Takes keys while nobody edits. True when Ctrl-C is among them; what came before it is dropped. */
static bool take_ahead(sp_time now)
{
    bool cancelled = false;
    uint8_t byte;

    while (console.ahead_n < sizeof console.ahead && !has_hung_up() &&
           console.uart->ops->read(console.uart, &byte, 1) == 1) {
        console.input = now;
        if (byte == CTRL_C) {
            cancelled = true;
            memset(console.ahead, 0, sizeof console.ahead);
            console.ahead_n = 0;
        } else {
            console.ahead[console.ahead_n++] = byte;
        }
    }
    return cancelled;
}

/* --- the job --- */

static void end_job(void)
{
    if (console.job.signs_out) { /* the job stays: what it told may still be on its way */
        sign_out("");
    } else {
        prompt();
    }
}

/* Ctrl-C ends what waits, and what prints without end. */
static void cancel_job(void)
{
    sp_out_raw(&console.out, "^C\n");
    if (console.waiting) {
        console.waiting = false;
        console.job.cancelled = true;
    } else if (console.job.acted) {
        end_job();
    }
}

static void step_job(sp_time now)
{
    enum sp_job_end end = sp_job_step(&console.job);

    console.job.answer = NULL;
    console.waiting = end == SP_JOB_WAIT;
    if (end == SP_JOB_WAIT) {
        console.wake = now + SP_JOB_POLL_MS;
    } else if (end == SP_JOB_ASK) {
        console.state = ASK;
        sp_editor_begin(&console.editor, console.job.ask.prompt, console.job.ask.echo);
    } else if (end == SP_JOB_DONE) {
        end_job();
    }
}

static bool run_job(sp_time now)
{
    if (console.waiting && now < console.wake) {
        return false;
    }
    step_job(now);
    return !console.waiting;
}

/* --- time --- */

/* Whether a session that a password protects stands open with nobody but the operator to go on. */
static bool may_idle(void)
{
    bool stands =
        console.state == LINE || console.state == ASK || (console.state == JOB && console.waiting);

    return stands && sealpost_password_set();
}

static bool is_idle_long(sp_time now)
{
    return now >= console.input + IDLE_MS && may_idle();
}

static void drop_job(void)
{
    sp_out_discard(&console.out);
    memset(&console.job, 0, sizeof console.job);
    console.waiting = false;
}

static void end_idle_session(void)
{
    drop_job();
    sp_log_info("console", "signed out after 15 minutes without a key");
    sign_out("\nSigned out after 15 minutes without a key.\n");
}

static bool end_penalty(sp_time now)
{
    (void)take_ahead(now);
    memset(console.ahead, 0, sizeof console.ahead); /* guesses made meanwhile do not count */
    console.ahead_n = 0;
    if (now < console.wake) {
        return false;
    }
    ask_password();
    return true;
}

/* Commands that were sent before are still run. */
static bool may_end_hung_session(void)
{
    bool stands = console.state == LOGIN || console.state == LINE || console.state == ASK ||
                  (console.state == JOB && console.waiting);

    return stands && console.ahead_n == 0 && console.pending == SP_EDIT_NONE;
}

/* The next one begins with a line and a terminal of its own, and signs in. */
static void end_hung_session(void)
{
    drop_job();
    sp_editor_forget_terminal(&console.editor);
    if (sealpost_password_set()) {
        sign_out("");
    } else {
        prompt();
    }
}

/* True when that changed something. The penalty for a wrong password goes on. */
static bool take_hangup(void)
{
    bool end = may_end_hung_session();

    if (!has_hung_up() || (!end && console.state != PENALTY)) {
        return false;
    }
    console.hangups = console.uart->ops->hangups(console.uart);
    if (end) {
        end_hung_session();
    }
    return end;
}

/* One thing; false when there is nothing to be done now. Only when all output is expanded. */
static bool turn(sp_time now)
{
    if (take_hangup()) {
        return true;
    }
    switch (console.state) {
    case START:
        console.input = now;
        begin_session();
        return true;
    case PENALTY:
        return end_penalty(now);
    case COMPLETION:
        if (sp_completion_step(&console.completion)) {
            console.state = LINE;
        }
        return true;
    case JOB:
        return run_job(now);
    case LOGIN:
    case LINE:
    case ASK:
    default:
        return edit(now);
    }
}

static void look_for_cancel(sp_time now)
{
    if (console.state != JOB && console.state != COMPLETION) {
        return;
    }
    if (take_ahead(now) && console.state == JOB) {
        sp_out_discard(&console.out);
        sp_out_raw(&console.out, console.out.column > 0 ? "\n" : "");
        cancel_job();
    }
}

static sp_time next_time(sp_time now)
{
    sp_time next = SP_NEVER;

    if (console.state == PENALTY || (console.state == JOB && console.waiting)) {
        next = console.wake;
    }
    if (!sp_out_empty(&console.out)) {
        next = sp_time_min(next, now + OUTPUT_RETRY_MS);
    }
    if (may_idle()) {
        next = sp_time_min(next, console.input + IDLE_MS);
    }
    return next > now ? next : now;
}

/* A part that told too much at once: a bug, and an answer with a hole. */
static void report_overflow(void)
{
    if (console.out.overflow) {
        sp_log_error("console", "an answer was cut");
    }
    console.out.overflow = false;
}

static sp_time step(sp_time now)
{
    if (console.uart == NULL) {
        return SP_NEVER;
    }
    keep_time(now);
    look_for_cancel(now);
    if (is_idle_long(now)) {
        end_idle_session();
    }
    for (unsigned i = 0; i < TURNS; i++) {
        report_overflow();
        (void)sp_out_drain(&console.out, console.uart);
        if (!sp_out_ready(&console.out)) {
            return next_time(now);
        }
        if (!turn(now)) {
            (void)sp_out_drain(&console.out, console.uart);
            return next_time(now);
        }
    }
    return now;
}

static sp_time guarded_step(sp_time now)
{
    sp_time next;

    enter();
    next = step(now);
    leave();
    return atomic_load(&missed) ? now : next;
}

/* A byte that came at the end of a step, too late for it, gets another at once. */
sp_time sp_console_step(sp_time now)
{
    sp_time next = guarded_step(now);

    return atomic_load(&missed) ? guarded_step(now) : next;
}

/* --- while the service computes --- */

static bool is_editing(void)
{
    return console.state == LOGIN || console.state == LINE || console.state == ASK;
}

bool sp_console_keys(void)
{
    bool more = true;
    unsigned n = 0;

    if (atomic_load(&inside)) {
        atomic_store(&missed, true);
        return false;
    }
    if (console.uart == NULL) {
        return false;
    }
    for (; more && n < KEYS_AT_ONCE; n++) {
        (void)sp_out_drain(&console.out, console.uart);
        more = is_editing() && sp_out_ready(&console.out) && edit_byte();
    }
    (void)sp_out_drain(&console.out, console.uart);
    return more || !sp_out_empty(&console.out);
}
