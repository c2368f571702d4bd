#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Sealpost on the sim board: the firmware as a Linux process.\n"
    "\n"
    "  --flash FILE           the NOR part's content, 16 MiB; created blank when absent\n"
    "  --tap NAME             the network: an existing TAP interface\n"
    "  --console WHERE        stdio (default), unix:PATH, or pty (prints its name)\n"
    "  --led FILE             the light's pattern is appended, one line a change\n"
    "  --flash-timing MODE    instant (default), or real: a real part's times\n"
    "  --help                 this text\n"
    "\n"
    "For tests of power cuts:\n"
    "  --flash-trace FILE     one line for each program and erase of the flash\n"
    "  --power-cut-after N    dies at once, as by kill -9, after the Nth program or erase\n"
    "  --power-cut-torn       the Nth operation is done half before\n"
    "\n"
    "SIGTERM, like kill -9, is a power cut: nothing is tidied up, nothing is lost.\n";

enum { FLASH = 1, TAP, CONSOLE, LED, TIMING, TRACE, CUT, TORN, HELP };

static const struct option options[] = {
    {"flash", required_argument, NULL, FLASH},
    {"tap", required_argument, NULL, TAP},
    {"console", required_argument, NULL, CONSOLE},
    {"led", required_argument, NULL, LED},
    {"flash-timing", required_argument, NULL, TIMING},
    {"flash-trace", required_argument, NULL, TRACE},
    {"power-cut-after", required_argument, NULL, CUT},
    {"power-cut-torn", no_argument, NULL, TORN},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static _Noreturn void wrong(const char *sentence)
{
    (void)fprintf(stderr, "sealpost-sim: %s; --help lists the options\n", sentence);
    exit(2);
}

static uint32_t number(const char *text)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value == 0 || value > UINT32_MAX) {
        wrong("--power-cut-after wants a number from 1");
    }
    return (uint32_t)value;
}

static bool timing_real(const char *text)
{
    if (strcmp(text, "real") != 0 && strcmp(text, "instant") != 0) {
        wrong("--flash-timing is either instant or real");
    }
    return strcmp(text, "real") == 0;
}

static void take(int option, struct sim_options *out)
{
    switch (option) {
    case FLASH:
        out->flash = optarg;
        break;
    case TAP:
        out->tap = optarg;
        break;
    case CONSOLE:
        out->console = optarg;
        break;
    case LED:
        out->led = optarg;
        break;
    case TIMING:
        out->flash_timing_real = timing_real(optarg);
        break;
    case TRACE:
        out->flash_trace = optarg;
        break;
    case CUT:
        out->power_cut_after = number(optarg);
        break;
    case TORN:
        out->power_cut_torn = true;
        break;
    case HELP:
        (void)fputs(help, stdout);
        exit(0);
    default:
        exit(2); /* getopt has said why */
    }
}

void sim_options_parse(int argc, char **argv, struct sim_options *out)
{
    int option;
    memset(out, 0, sizeof *out);
    out->console = "stdio";
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        take(option, out);
    }
    if (optind < argc) {
        wrong("there is a word that belongs to no option");
    }
    if (out->flash == NULL) {
        wrong("--flash is missing");
    }
    if (out->tap == NULL) {
        wrong("--tap is missing");
    }
}
