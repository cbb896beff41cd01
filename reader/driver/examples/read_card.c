/* Reads a card with the standard interface: basic items with the PSAM, or with the central HSM where the PSAM cannot; then
 * a file.
 *
 *     cc read_card.c -o read_card $(pkg-config --cflags --libs SSCardDriver)
 *
 * Readers, PSAM and HSM are those of /etc/ssc/driver.toml. Text comes in GBK unless the settings say UTF-8. */
#include <SSCardDriver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTACT_FIRST = 3, WITH_KEY = 2 };

/* The five codes that mean: take the HSM function of the same name. */
static int use_hsm(long code) {
    return code == -2201 || code == -2202 || code == -2203 || code == -27272 || code == -24;
}

static void check(const char *function, long code, const char *text) {
    if (code != 0) {
        fprintf(stderr, "%s: %ld %s\n", function, code, text);
        exit(EXIT_FAILURE);
    }
}

/* Copies item `number`, counted from 1, of a text with `|` behind each item. */
static void item(const char *text, int number, char *place, size_t size) {
    while (--number > 0 && (text = strchr(text, '|')) != NULL) text++;
    snprintf(place, size, "%.*s", text ? (int)strcspn(text, "|") : 0, text ? text : "");
}

int main(void) {
    static char basics[1024], file[1024 * 20];
    char number[64], name[64], card_id[64], card[128];

    long code = iReadCardBas(CONTACT_FIRST, basics);
    if (use_hsm(code)) code = iReadCardBas_HSM(CONTACT_FIRST, basics);
    check("iReadCardBas", code, basics);
    item(basics, 5, name, sizeof name);
    printf("name %s\n", name);

    /* pCardInfo: the driver compares it, so that nobody reads another card than the one that was shown. */
    item(basics, 4, card_id, sizeof card_id);
    item(basics, 3, number, sizeof number);
    snprintf(card, sizeof card, "%.32s|%.9s|", card_id, number);
    code = iReadCard(CONTACT_FIRST, WITH_KEY, card, "DF01EF07|29|$", file);
    if (use_hsm(code)) code = iReadCard_HSM(CONTACT_FIRST, WITH_KEY, card, "DF01EF07|29|$", file);
    check("iReadCard", code, file);
    printf("file %s\n", file);
    return EXIT_SUCCESS;
}
