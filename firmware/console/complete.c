#include "console/complete.h"

#include <string.h>

#define AT_ONCE 16     /* candidates that a step looks at */
#define LISTED_MAX 60  /* a longer list ends with "..." */
#define LIST_COLUMN 20 /* names are listed in columns of that width */

enum { COMMANDS, SETTINGS, DOMAINS, END };

void sp_completion_begin(struct sp_completion *completion, struct sp_editor *editor)
{
    const char *p = editor->line;
    const char *end = editor->line + editor->len;

    memset(completion, 0, sizeof *completion);
    completion->editor = editor;
    completion->typed = p;
    for (; p < end; p++) {
        if (*p != ' ') {
            continue;
        }
        if (p > completion->typed && completion->words_n < SP_JOB_WORDS) {
            completion->words[completion->words_n++] = completion->typed;
        }
        completion->typed = p + 1;
    }
    completion->typed_n = (size_t)(end - completion->typed);
}

static bool word_is(const char *word, const char *text, size_t n)
{
    return strncmp(word, text, n) == 0 && (word[n] == ' ' || word[n] == '\0');
}

/* The rest of the command's words behind those that the line already has; NULL when the line's are
 * others, or all of them. `help` is followed by a command's words, too. */
static const char *rest_of(const struct sp_completion *completion, const char *command)
{
    bool help = completion->words_n > 0 && word_is(completion->words[0], "help", 4);
    const char *p = command;

    for (unsigned i = help ? 1 : 0; i < completion->words_n; i++) {
        size_t n = strcspn(p, " ");

        if (n == 0 || !word_is(completion->words[i], p, n)) {
            return NULL;
        }
        p += n + (p[n] == ' ' ? 1 : 0);
    }
    return *p != '\0' ? p : NULL;
}

/* The command that the words begin with: the longest; *own gets how many words that takes. */
static const struct sp_command *command_of(const struct sp_completion *completion, unsigned *own)
{
    const struct sp_command *command, *best = NULL;

    *own = 0;
    for (unsigned i = 0; (command = sp_command_at(i)) != NULL; i++) {
        const char *p = command->words;
        unsigned n = 0;

        while (*p != '\0' && n < completion->words_n &&
               word_is(completion->words[n], p, strcspn(p, " "))) {
            p += strcspn(p, " ");
            p += *p == ' ' ? 1 : 0;
            n++;
        }
        if (*p == '\0' && n > *own) {
            *own = n;
            best = command;
        }
    }
    return best;
}

/* --- candidates --- */

static const char *const no_words[] = {NULL};

/* What follows a domain and `given` words of its settings. */
static const char *const *setting_words(const struct sp_completion *completion, unsigned given)
{
    static const char *const names[] = {"mx", "mode", "max-age", "rua", "force", NULL};
    static const char *const modes[] = {"testing", "enforce", "none", NULL};
    static const char *const rua[] = {"here", NULL};

    if (given % 2 == 0) {
        return names;
    }
    if (word_is(completion->words[completion->words_n - 1], "rua", 3)) {
        return rua;
    }
    return word_is(completion->words[completion->words_n - 1], "mode", 4) ? modes : no_words;
}

/* What may follow a command and its domain. */
static const char *const *further_words(const struct sp_completion *completion)
{
    static const char *const force[] = {"force", NULL}, *const now[] = {"now", NULL},
                             *const off[] = {"off", NULL};
    unsigned own;
    const struct sp_command *command = command_of(completion, &own);
    unsigned given = completion->words_n - own;

    if (command == NULL || given == 0) {
        return no_words;
    }
    if (command->argument == SP_ARG_SETTINGS) {
        return setting_words(completion, given - 1);
    }
    if (given > 1) {
        return no_words;
    }
    switch (command->argument) {
    case SP_ARG_FORCE:
        return force;
    case SP_ARG_NOW:
        return now;
    case SP_ARG_OFF:
        return off;
    default:
        return no_words;
    }
}

static bool wants_domain(const struct sp_completion *completion)
{
    unsigned own;
    const struct sp_command *command = command_of(completion, &own);

    return command != NULL && completion->words_n == own && command->argument != SP_ARG_NONE &&
           command->argument != SP_ARG_COMMAND;
}

/* Into `name`, when it fits what was typed and is not the same as the one before. */
static bool take(struct sp_completion *completion, const char *word, size_t n)
{
    if (n < completion->typed_n || n == 0 || n >= sizeof completion->name ||
        memcmp(word, completion->typed, completion->typed_n) != 0) {
        return false;
    }
    if (strlen(completion->name) == n && memcmp(completion->name, word, n) == 0) {
        return false;
    }
    memcpy(completion->name, word, n);
    completion->name[n] = '\0';
    return true;
}

static bool take_command(struct sp_completion *completion)
{
    const struct sp_command *command = sp_command_at(completion->next++);
    const char *rest;

    if (command == NULL) {
        completion->source = SETTINGS;
        completion->next = 0;
        return false;
    }
    rest = rest_of(completion, command->words);
    return rest != NULL && take(completion, rest, strcspn(rest, " "));
}

static bool take_setting(struct sp_completion *completion)
{
    const char *word = further_words(completion)[completion->next++];

    if (word == NULL) {
        completion->source = wants_domain(completion) ? DOMAINS : END;
        return false;
    }
    return take(completion, word, strlen(word));
}

static bool take_domain(struct sp_completion *completion)
{
    char domain[SEALPOST_NAME_SIZE];

    if (sealpost_domain_next(&completion->cursor, domain) != 0) {
        completion->source = END;
        return false;
    }
    return take(completion, domain, strlen(domain));
}

/* Looks at one; true when `name` is a new candidate. */
static bool look(struct sp_completion *completion)
{
    switch (completion->source) {
    case COMMANDS:
        return take_command(completion);
    case SETTINGS:
        return take_setting(completion);
    case DOMAINS:
        return take_domain(completion);
    default:
        return false;
    }
}

/* --- the two rounds --- */

static void narrow(struct sp_completion *completion)
{
    size_t n = 0;

    if (completion->found++ == 0) {
        memcpy(completion->common, completion->name, sizeof completion->common);
        return;
    }
    while (completion->common[n] != '\0' && completion->common[n] == completion->name[n]) {
        n++;
    }
    completion->common[n] = '\0';
}

/* True when there is nothing to list. */
static bool end_first_round(struct sp_completion *completion)
{
    struct sp_editor *editor = completion->editor;
    size_t n = strlen(completion->common);

    if (completion->found == 0) {
        sp_editor_bell(editor);
        return true;
    }
    if (n > completion->typed_n &&
        !sp_editor_insert(editor, completion->common + completion->typed_n,
                          n - completion->typed_n)) {
        return true;
    }
    if (completion->found == 1) {
        (void)sp_editor_insert(editor, " ", 1);
    }
    return completion->found == 1 || n > completion->typed_n;
}

static void begin_second_round(struct sp_completion *completion)
{
    completion->listing = true;
    completion->source = COMMANDS;
    completion->next = 0;
    completion->cursor = 0;
    completion->found = 0;
    completion->name[0] = '\0';
    sp_out_raw(completion->editor->out, "\n");
}

static void list(struct sp_completion *completion)
{
    struct sp_out *out = completion->editor->out;
    unsigned n = (unsigned)strlen(completion->name);

    if (completion->column > 0 && completion->column + n > SP_OUT_WIDTH) {
        sp_out_raw(out, "\n");
        completion->column = 0;
    }
    sp_out_tab(out, completion->column);
    completion->column += (n / LIST_COLUMN + 1) * LIST_COLUMN;
    if (++completion->found > LISTED_MAX) {
        sp_out_raw(out, "...");
        completion->source = END;
        return;
    }
    sp_out_safe(out, completion->name);
}

bool sp_completion_step(struct sp_completion *completion)
{
    for (unsigned i = 0; i < AT_ONCE && completion->source != END; i++) {
        if (!look(completion)) {
            continue;
        }
        if (completion->listing) {
            list(completion);
            return false; /* until it is printed: the name is ours */
        }
        narrow(completion);
    }
    if (completion->source != END) {
        return false;
    }
    if (completion->listing) {
        sp_out_raw(completion->editor->out, "\n");
        sp_editor_redraw(completion->editor);
        return true;
    }
    if (end_first_round(completion)) {
        return true;
    }
    begin_second_round(completion);
    return false;
}
