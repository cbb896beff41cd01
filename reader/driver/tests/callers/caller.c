/* Calls the functions of libSSCardDriver as a line on stdin says: name and arguments, separated by tabs; \N is NULL. Answers
 * with the return code and pOutInfo in hex. "hostile" calls everything with NULL and with strings that do not end. */
#include "SSCardDriver.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM (1024 * 20)
#define MARK 0x55

static char out[ROOM + 64];

static int number(const char *text) { return text ? atoi(text) : 0; }

static char *text(char *text) { return text && strncmp(text, "\\N", 2) ? text : NULL; }

static long call(const char *name, char **field, size_t *size) {
    if (!strcmp(name, "iReadCardBas")) return *size = 1024, iReadCardBas(number(field[1]), out);
    if (!strcmp(name, "iReadCardBas_HSM_Step1")) return *size = 1024, iReadCardBas_HSM_Step1(number(field[1]), out);
    if (!strcmp(name, "iReadCardBas_HSM_Step2")) return *size = 1024, iReadCardBas_HSM_Step2(text(field[1]), out);
    if (!strcmp(name, "iReadCard")) return *size = 20480, iReadCard(number(field[1]), number(field[2]), text(field[3]), text(field[4]), out);
    if (!strcmp(name, "iReadCard_HSM_Step1")) return *size = 1024, iReadCard_HSM_Step1(number(field[1]), text(field[2]), text(field[3]), out);
    if (!strcmp(name, "iReadCard_HSM_Step2")) return *size = 20480, iReadCard_HSM_Step2(text(field[1]), out);
    if (!strcmp(name, "iWriteCard")) return *size = 1024, iWriteCard(number(field[1]), text(field[2]), text(field[3]), text(field[4]), out);
    if (!strcmp(name, "iWriteCard_HSM_Step1")) return *size = 1024, iWriteCard_HSM_Step1(number(field[1]), text(field[2]), text(field[3]), out);
    if (!strcmp(name, "iWriteCard_HSM_Step2")) return *size = 1024, iWriteCard_HSM_Step2(text(field[1]), text(field[2]), out);
    if (!strcmp(name, "iVerifyPIN")) return *size = 512, iVerifyPIN(number(field[1]), out);
    if (!strcmp(name, "iChangePIN")) return *size = 512, iChangePIN(number(field[1]), out);
    if (!strcmp(name, "iReloadPIN")) return *size = 512, iReloadPIN(number(field[1]), text(field[2]), out);
    if (!strcmp(name, "iReloadPIN_HSM_Step1")) return *size = 512, iReloadPIN_HSM_Step1(number(field[1]), text(field[2]), out);
    if (!strcmp(name, "iReloadPIN_HSM_Step2")) return *size = 1024, iReloadPIN_HSM_Step2(text(field[1]), out);
    if (!strcmp(name, "iReloadPIN_HSM_Step3")) return *size = 1024, iReloadPIN_HSM_Step3(text(field[1]), out);
    if (!strcmp(name, "iUnblockPIN")) return *size = 512, iUnblockPIN(number(field[1]), text(field[2]), out);
    if (!strcmp(name, "iUnblockPIN_HSM_Step1")) return *size = 512, iUnblockPIN_HSM_Step1(number(field[1]), text(field[2]), out);
    if (!strcmp(name, "iUnblockPIN_HSM_Step2")) return *size = 1024, iUnblockPIN_HSM_Step2(text(field[1]), out);
    if (!strcmp(name, "iUnblockPIN_HSM_Step3")) return *size = 1024, iUnblockPIN_HSM_Step3(text(field[1]), out);
    if (!strcmp(name, "iDoDebit")) return *size = 512, iDoDebit(number(field[1]), text(field[2]), text(field[3]), out);
    if (!strcmp(name, "iDoDebit_HSM_Step1")) return *size = 512, iDoDebit_HSM_Step1(number(field[1]), text(field[2]), text(field[3]), out);
    if (!strcmp(name, "iDoDebit_HSM_Step2")) return *size = 1024, iDoDebit_HSM_Step2(text(field[1]), out);
    if (!strcmp(name, "iReadDebitRecord")) return *size = 2048, iReadDebitRecord(number(field[1]), out);
    if (!strcmp(name, "iReadCardBas_HSM")) return *size = 1024, iReadCardBas_HSM(number(field[1]), out);
    if (!strcmp(name, "iReadCard_HSM")) return *size = 20480, iReadCard_HSM(number(field[1]), number(field[2]), text(field[3]), text(field[4]), out);
    if (!strcmp(name, "iWriteCard_HSM")) return *size = 1024, iWriteCard_HSM(number(field[1]), text(field[2]), text(field[3]), text(field[4]), out);
    if (!strcmp(name, "iReloadPIN_HSM")) return *size = 1024, iReloadPIN_HSM(number(field[1]), text(field[2]), out);
    if (!strcmp(name, "iUnblockPIN_HSM")) return *size = 1024, iUnblockPIN_HSM(number(field[1]), text(field[2]), out);
    if (!strcmp(name, "iDoDebit_HSM")) return *size = 1024, iDoDebit_HSM(number(field[1]), text(field[2]), text(field[3]), out);
    if (!strcmp(name, "PKI_SignData")) return *size = 1024, PKI_SignData(text(field[1]), text(field[2]), number(field[3]), out);
    if (!strcmp(name, "PKI_VerifySign")) return *size = 1024, PKI_VerifySign(text(field[1]), text(field[2]), text(field[3]), text(field[4]), number(field[5]), out);
    if (!strcmp(name, "PKI_SealEnvelope")) return *size = 20480, PKI_SealEnvelope(text(field[1]), text(field[2]), text(field[3]), number(field[4]), out);
    if (!strcmp(name, "PKI_OpenEnvelope")) return *size = 20480, PKI_OpenEnvelope(text(field[1]), text(field[2]), number(field[3]), out);
    if (!strcmp(name, "SSCardDriver_ReadCert")) return *size = 20480, SSCardDriver_ReadCert(number(field[1]), number(field[2]), out);
    if (!strcmp(name, "SSCardDriver_SetPIN")) return *size = 0, SSCardDriver_SetPIN(text(field[1]), text(field[2]));
    fprintf(stderr, "no function %s\n", name);
    exit(2);
}

/* A string of exactly `size` bytes without an end, on the heap so that valgrind sees every byte too much. */
static char *unterminated(size_t size) {
    char *bytes = malloc(size);
    memset(bytes, 'A', size);
    return bytes;
}

static void refused(const char *name, long code) {
    if (code >= 0) {
        printf("%s returned %ld\n", name, code);
        exit(3);
    }
}

static void hostile(void) {
    refused("iReadCardBas", iReadCardBas(1, NULL));
    refused("iReadCardBas_HSM_Step1", iReadCardBas_HSM_Step1(1, NULL));
    refused("iReadCardBas_HSM_Step2", iReadCardBas_HSM_Step2(NULL, NULL));
    refused("iReadCardBas_HSM_Step2", iReadCardBas_HSM_Step2(NULL, out));
    refused("iReadCardBas_HSM_Step2", iReadCardBas_HSM_Step2(unterminated(128), out));
    refused("iReadCard", iReadCard(1, 1, NULL, NULL, NULL));
    refused("iReadCard", iReadCard(1, 1, NULL, NULL, out));
    refused("iReadCard", iReadCard(1, 1, unterminated(128), unterminated(1024), out));
    refused("iReadCard_HSM_Step1", iReadCard_HSM_Step1(1, NULL, NULL, NULL));
    refused("iReadCard_HSM_Step1", iReadCard_HSM_Step1(1, NULL, NULL, out));
    refused("iReadCard_HSM_Step1", iReadCard_HSM_Step1(1, unterminated(128), unterminated(1024), out));
    refused("iReadCard_HSM_Step2", iReadCard_HSM_Step2(NULL, NULL));
    refused("iReadCard_HSM_Step2", iReadCard_HSM_Step2(NULL, out));
    refused("iReadCard_HSM_Step2", iReadCard_HSM_Step2(unterminated(32), out));
    refused("iWriteCard", iWriteCard(1, NULL, NULL, NULL, NULL));
    refused("iWriteCard", iWriteCard(1, NULL, NULL, NULL, out));
    refused("iWriteCard", iWriteCard(1, unterminated(128), unterminated(1024), unterminated(20480), out));
    refused("iWriteCard_HSM_Step1", iWriteCard_HSM_Step1(1, NULL, NULL, NULL));
    refused("iWriteCard_HSM_Step1", iWriteCard_HSM_Step1(1, NULL, NULL, out));
    refused("iWriteCard_HSM_Step1", iWriteCard_HSM_Step1(1, unterminated(128), unterminated(1024), out));
    refused("iWriteCard_HSM_Step2", iWriteCard_HSM_Step2(NULL, NULL, NULL));
    refused("iWriteCard_HSM_Step2", iWriteCard_HSM_Step2(NULL, NULL, out));
    refused("iWriteCard_HSM_Step2", iWriteCard_HSM_Step2(unterminated(32), unterminated(20480), out));
    refused("iVerifyPIN", iVerifyPIN(1, NULL));
    refused("iChangePIN", iChangePIN(1, NULL));
    refused("iReloadPIN", iReloadPIN(1, NULL, NULL));
    refused("iReloadPIN", iReloadPIN(1, NULL, out));
    refused("iReloadPIN", iReloadPIN(1, unterminated(128), out));
    refused("iReloadPIN_HSM_Step1", iReloadPIN_HSM_Step1(1, NULL, NULL));
    refused("iReloadPIN_HSM_Step1", iReloadPIN_HSM_Step1(1, NULL, out));
    refused("iReloadPIN_HSM_Step1", iReloadPIN_HSM_Step1(1, unterminated(128), out));
    refused("iReloadPIN_HSM_Step2", iReloadPIN_HSM_Step2(NULL, NULL));
    refused("iReloadPIN_HSM_Step2", iReloadPIN_HSM_Step2(NULL, out));
    refused("iReloadPIN_HSM_Step2", iReloadPIN_HSM_Step2(unterminated(32), out));
    refused("iReloadPIN_HSM_Step3", iReloadPIN_HSM_Step3(NULL, NULL));
    refused("iReloadPIN_HSM_Step3", iReloadPIN_HSM_Step3(NULL, out));
    refused("iReloadPIN_HSM_Step3", iReloadPIN_HSM_Step3(unterminated(50), out));
    refused("iUnblockPIN", iUnblockPIN(1, NULL, NULL));
    refused("iUnblockPIN", iUnblockPIN(1, NULL, out));
    refused("iUnblockPIN", iUnblockPIN(1, unterminated(128), out));
    refused("iUnblockPIN_HSM_Step1", iUnblockPIN_HSM_Step1(1, NULL, NULL));
    refused("iUnblockPIN_HSM_Step1", iUnblockPIN_HSM_Step1(1, NULL, out));
    refused("iUnblockPIN_HSM_Step1", iUnblockPIN_HSM_Step1(1, unterminated(128), out));
    refused("iUnblockPIN_HSM_Step2", iUnblockPIN_HSM_Step2(NULL, NULL));
    refused("iUnblockPIN_HSM_Step2", iUnblockPIN_HSM_Step2(NULL, out));
    refused("iUnblockPIN_HSM_Step2", iUnblockPIN_HSM_Step2(unterminated(32), out));
    refused("iUnblockPIN_HSM_Step3", iUnblockPIN_HSM_Step3(NULL, NULL));
    refused("iUnblockPIN_HSM_Step3", iUnblockPIN_HSM_Step3(NULL, out));
    refused("iUnblockPIN_HSM_Step3", iUnblockPIN_HSM_Step3(unterminated(18), out));
    refused("iDoDebit", iDoDebit(1, NULL, NULL, NULL));
    refused("iDoDebit", iDoDebit(1, NULL, NULL, out));
    refused("iDoDebit", iDoDebit(1, unterminated(128), unterminated(512), out));
    refused("iDoDebit_HSM_Step1", iDoDebit_HSM_Step1(1, NULL, NULL, NULL));
    refused("iDoDebit_HSM_Step1", iDoDebit_HSM_Step1(1, NULL, NULL, out));
    refused("iDoDebit_HSM_Step1", iDoDebit_HSM_Step1(1, unterminated(128), unterminated(512), out));
    refused("iDoDebit_HSM_Step2", iDoDebit_HSM_Step2(NULL, NULL));
    refused("iDoDebit_HSM_Step2", iDoDebit_HSM_Step2(NULL, out));
    refused("iDoDebit_HSM_Step2", iDoDebit_HSM_Step2(unterminated(128), out));
    refused("iReadDebitRecord", iReadDebitRecord(1, NULL));
    refused("iReadCardBas_HSM", iReadCardBas_HSM(1, NULL));
    refused("iReadCard_HSM", iReadCard_HSM(1, 1, NULL, NULL, NULL));
    refused("iReadCard_HSM", iReadCard_HSM(1, 1, NULL, NULL, out));
    refused("iReadCard_HSM", iReadCard_HSM(1, 1, unterminated(128), unterminated(1024), out));
    refused("iWriteCard_HSM", iWriteCard_HSM(1, NULL, NULL, NULL, NULL));
    refused("iWriteCard_HSM", iWriteCard_HSM(1, NULL, NULL, NULL, out));
    refused("iWriteCard_HSM", iWriteCard_HSM(1, unterminated(128), unterminated(1024), unterminated(20480), out));
    refused("iReloadPIN_HSM", iReloadPIN_HSM(1, NULL, NULL));
    refused("iReloadPIN_HSM", iReloadPIN_HSM(1, NULL, out));
    refused("iReloadPIN_HSM", iReloadPIN_HSM(1, unterminated(128), out));
    refused("iUnblockPIN_HSM", iUnblockPIN_HSM(1, NULL, NULL));
    refused("iUnblockPIN_HSM", iUnblockPIN_HSM(1, NULL, out));
    refused("iUnblockPIN_HSM", iUnblockPIN_HSM(1, unterminated(128), out));
    refused("iDoDebit_HSM", iDoDebit_HSM(1, NULL, NULL, NULL));
    refused("iDoDebit_HSM", iDoDebit_HSM(1, NULL, NULL, out));
    refused("iDoDebit_HSM", iDoDebit_HSM(1, unterminated(128), unterminated(512), out));
    refused("PKI_SignData", PKI_SignData(NULL, NULL, 1, NULL));
    refused("PKI_SignData", PKI_SignData(NULL, NULL, 1, out));
    refused("PKI_SignData", PKI_SignData(NULL, "data", 1, out));
    refused("PKI_SignData", PKI_SignData(unterminated(17), unterminated(20480), 1, out));
    refused("PKI_VerifySign", PKI_VerifySign(NULL, NULL, NULL, NULL, 1, NULL));
    refused("PKI_VerifySign", PKI_VerifySign(NULL, NULL, NULL, NULL, 1, out));
    refused("PKI_VerifySign", PKI_VerifySign(unterminated(17), unterminated(8192), unterminated(20480), unterminated(1024), 1, out));
    refused("PKI_SealEnvelope", PKI_SealEnvelope(NULL, NULL, NULL, 1, NULL));
    refused("PKI_SealEnvelope", PKI_SealEnvelope(NULL, NULL, NULL, 1, out));
    refused("PKI_SealEnvelope", PKI_SealEnvelope(unterminated(17), unterminated(8192), unterminated(20480), 1, out));
    refused("PKI_OpenEnvelope", PKI_OpenEnvelope(NULL, NULL, 1, NULL));
    refused("PKI_OpenEnvelope", PKI_OpenEnvelope(NULL, "30", 1, out));
    refused("PKI_OpenEnvelope", PKI_OpenEnvelope(unterminated(17), unterminated(20480), 1, out));
    refused("SSCardDriver_ReadCert", SSCardDriver_ReadCert(1, 1, NULL));
    refused("SSCardDriver_ReadCert", SSCardDriver_ReadCert(3, 1, out));
    unsigned char answer[258];
    refused("ICC_Reader_Open", ICC_Reader_Open(NULL));
    refused("ICC_Reader_PowerOn", ICC_Reader_PowerOn(7, 1, NULL));
    refused("ICC_Reader_PowerOn", ICC_Reader_PowerOn(7, 1, answer));
    refused("ICC_Reader_Application", ICC_Reader_Application(7, 1, 5, NULL, answer));
    refused("ICC_Reader_Application", ICC_Reader_Application(7, 1, -1, answer, answer));
    refused("ICC_Reader_Libinfo", ICC_Reader_Libinfo(NULL));
    refused("ICC_Reader_Close", ICC_Reader_Close(-5));
}

/* Functions and their parameters: n a small number, else the size of a string: u 18, q 17, h 32, r 50, k 128, p 512, a 1024, c 8192,
 * d 20480. */
static const struct {
    const char *name, *form;
} FUNCTIONS[] = {
    {"iReadCardBas", "n"}, {"iReadCardBas_HSM_Step1", "n"}, {"iReadCardBas_HSM_Step2", "k"}, {"iReadCard", "nnka"},
    {"iReadCard_HSM_Step1", "nka"}, {"iReadCard_HSM_Step2", "h"}, {"iWriteCard", "nkad"}, {"iWriteCard_HSM_Step1", "nka"},
    {"iWriteCard_HSM_Step2", "hd"}, {"iVerifyPIN", "n"}, {"iChangePIN", "n"}, {"iReloadPIN", "nk"},
    {"iReloadPIN_HSM_Step1", "nk"}, {"iReloadPIN_HSM_Step2", "h"}, {"iReloadPIN_HSM_Step3", "r"}, {"iUnblockPIN", "nk"},
    {"iUnblockPIN_HSM_Step1", "nk"}, {"iUnblockPIN_HSM_Step2", "h"}, {"iUnblockPIN_HSM_Step3", "u"}, {"iDoDebit", "nkp"},
    {"iDoDebit_HSM_Step1", "nkp"}, {"iDoDebit_HSM_Step2", "k"}, {"iReadDebitRecord", "n"}, {"iReadCardBas_HSM", "n"},
    {"iReadCard_HSM", "nnka"}, {"iWriteCard_HSM", "nkad"}, {"iReloadPIN_HSM", "nk"}, {"iUnblockPIN_HSM", "nk"},
    {"iDoDebit_HSM", "nkp"}, {"PKI_SignData", "qdn"}, {"PKI_VerifySign", "qcdan"}, {"PKI_SealEnvelope", "qcdn"},
    {"PKI_OpenEnvelope", "qdn"}, {"SSCardDriver_ReadCert", "nn"},
};

static unsigned long state;

static unsigned random_below(unsigned limit) {
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(state >> 33) % limit;
}

/* A string of a size on the heap, so that valgrind sees every byte too much: NULL, right, nearly right, or any bytes, with and
 * without an end. */
static char *any_string(size_t size, const char *info) {
    static const char *known[] = {"DF01EF07|29|$", "SSSEEF06|09|$", "DF01EF07|2|$", "SSSEEF05|07|$SSSEEF06|08|09|4E|$", "DF04EF08$",
        "0.10|0.20|20260401093000|", "00000000000000000000000000000000", "842400000400000000", "DF01EF15|2A|40:2|$", "|", "$", ""};
    static const char nearly[] = "0123456789ABCDEFDFS|$^:.ac";
    unsigned choice = random_below(10);
    if (choice == 0) return NULL;
    char *bytes = malloc(size);
    size_t length = random_below(3) ? random_below(size < 60 ? size : 60) : size;
    for (size_t i = 0; i < length; i++)
        bytes[i] = choice < 6 ? nearly[random_below(sizeof nearly - 1)] : (char)random_below(256);
    if (length < size) bytes[length] = 0;
    const char *right = choice == 1 ? info : choice < 4 ? known[random_below(sizeof known / sizeof *known)] : NULL;
    if (right && strlen(right) < size) strcpy(bytes, right);
    return bytes;
}

/* Calls every function with anything; each gives 0 or less, and writes nothing behind its size. */
static void anything(unsigned long seed, int rounds, const char *info) {
    static const char *numbers[] = {"1", "1", "1", "2", "3", "0", "5", "-1"};
    state = seed;
    for (int round = 0; round < rounds; round++) {
        unsigned which = random_below(sizeof FUNCTIONS / sizeof *FUNCTIONS);
        char *field[8] = {0}, *heap[8] = {0};
        size_t size = 0;
        for (int i = 0; FUNCTIONS[which].form[i]; i++) {
            switch (FUNCTIONS[which].form[i]) {
            case 'n': field[i + 1] = (char *)numbers[random_below(8)]; break;
            case 'u': heap[i] = any_string(18, info); break;
            case 'q': heap[i] = any_string(17, info); break;
            case 'h': heap[i] = any_string(32, info); break;
            case 'r': heap[i] = any_string(50, info); break;
            case 'k': heap[i] = any_string(128, info); break;
            case 'p': heap[i] = any_string(512, info); break;
            case 'a': heap[i] = any_string(1024, info); break;
            case 'c': heap[i] = any_string(8192, info); break;
            default: heap[i] = any_string(20480, info);
            }
            if (heap[i]) field[i + 1] = heap[i];
        }
        memset(out, MARK, sizeof out);
        long code = call(FUNCTIONS[which].name, field, &size);
        int whole = memchr(out, 0, size) != NULL;
        for (size_t i = size; i < sizeof out; i++) whole &= out[i] == MARK;
        if (code > 0 || !whole) {
            printf("%s in round %d: %ld\n", FUNCTIONS[which].name, round, code);
            exit(13);
        }
        for (int i = 0; i < 8; i++) free(heap[i]);
    }
}

/* The functions beneath: power, a command, power off, in both slots. */
static void icc(char *told) {
    unsigned char reset[33], answer[258], challenge[] = {0x00, 0x84, 0x00, 0x00, 0x08};
    long handle = ICC_Reader_Open("AUTO");
    long length = ICC_Reader_PowerOn(handle, 0x01, reset);
    told += sprintf(told, "card %ld ", length);
    if (ICC_Reader_GetStatus(handle, 0x01) != 0 || ICC_Reader_GetStatus(handle, 0x03) != -14) exit(5);
    length = ICC_Reader_Application(handle, 0x01, sizeof challenge, challenge, answer);
    for (long i = 0; i < length; i++) told += sprintf(told, "%02X", answer[i]);
    if (ICC_Reader_PowerOff(handle, 0x01) != 0 || ICC_Reader_PowerOff(handle, 0x01) != -3) exit(6);
    if (ICC_Reader_GetStatus(handle, 0x01) != -3) exit(7);
    length = ICC_Reader_PowerOn(handle, 0x11, reset);
    told += sprintf(told, " psam %ld ", length);
    told += sprintf(told, "%ld ", ICC_Reader_Application(handle, 0x11, sizeof challenge, challenge, answer));
    if (ICC_Reader_Close(handle) != 0) exit(8);
    sprintf(told, "closed %ld", ICC_Reader_PowerOn(handle, 0x01, reset));
}

/* A file that wants the PIN, read by the functions beneath without one: SELECT SSSE, DF01, EF07, READ RECORD 1. */
static void pinless(char *told) {
    unsigned char reset[33], answer[258];
    unsigned char commands[][24] = {
        {20, 0x00, 0xA4, 0x04, 0x00, 0x0F, 's', 'x', '1', '.', 's', 'h', '.', 0xC9, 0xE7, 0xBB, 0xE1, 0xB1, 0xA3, 0xD5, 0xCF},
        {7, 0x00, 0xA4, 0x00, 0x00, 0x02, 0xDF, 0x01},
        {7, 0x00, 0xA4, 0x02, 0x00, 0x02, 0xEF, 0x07},
        {5, 0x00, 0xB2, 0x01, 0x04, 0x03},
    };
    long handle = ICC_Reader_Open("AUTO"), length = 0;
    if (ICC_Reader_PowerOn(handle, 0x01, reset) <= 0) exit(9);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        length = ICC_Reader_Application(handle, 0x01, commands[i][0], commands[i] + 1, answer);
    if (length < 2) exit(10);
    sprintf(told, "%02X%02X", answer[length - 2], answer[length - 1]);
    ICC_Reader_Close(handle);
}

/* What the threads do, and what must come out of it. */
struct work {
    int number, rounds;
    const char *name, *basics, *info;
    char wrong[256];
};

/* One call with a buffer of its own: the answer must be the expected one, the bytes behind the size untouched. */
static int right(struct work *work, const char *name, long code, long wanted, const char *answer, size_t size, const char *expected) {
    for (size_t i = size; i < size + 16; i++) {
        if (answer[i] != MARK) code = -9999;
    }
    if (code == wanted && (!expected || !strcmp(answer, expected))) return 1;
    snprintf(work->wrong, sizeof work->wrong, "%s: %ld, wanted %ld", name, code, wanted);
    return 0;
}

static void *thread(void *argument) {
    struct work *work = argument;
    static const char file[] = "DF01EF07|29|$", value[] = "DF01EF07|1|$";
    int by_psam = !strcmp(work->name, "iReadCardBas");
    char *answer = malloc(ROOM + 16);
    for (int round = 0; round < work->rounds && !*work->wrong; round++) {
        memset(answer, MARK, ROOM + 16);
        switch (work->number % 4) {
        case 0:
            right(work, work->name, by_psam ? iReadCardBas(1, answer) : iReadCardBas_HSM(1, answer), 0, answer, 1024, work->basics);
            break;
        case 1:
            right(work, "iVerifyPIN", iVerifyPIN(1, answer), 0, answer, 512, "");
            break;
        case 2:
            /* Without a PSAM the service is asked between the steps. */
            if (!right(work, "iWriteCard", iWriteCard_HSM(1, (char *)work->info, (char *)file, (char *)value, answer), 0, answer, 1024, "")) break;
            memset(answer, MARK, ROOM + 16);
            right(work, "iReadCard", iReadCard_HSM(1, 2, (char *)work->info, (char *)file, answer), 0, answer, 20480, value);
            break;
        default:
            /* A first step that nobody goes on with: the card is this thread's until its next call. */
            if (!right(work, "Step1", iReadCardBas_HSM_Step1(1, answer), 0, answer, 1024, NULL)) break;
            memset(answer, MARK, ROOM + 16);
            right(work, "iReadCard", iReadCard(1, 2, (char *)work->info, "SSSEEF05|07|$", answer), 0, answer, 20480, "SSSEEF05|D2143569X|$");
        }
    }
    free(answer);
    return NULL;
}

static void threads(int count, int rounds, const char *name, const char *basics, const char *info, char *told) {
    struct work work[32] = {0};
    pthread_t thread_of[32];
    /* Whoever waits for ever is ended by the system. */
    alarm(120);
    if (count > 32) exit(11);
    for (int i = 0; i < count; i++) {
        work[i] = (struct work){.number = i, .rounds = rounds, .name = name, .basics = basics, .info = info};
        if (pthread_create(&thread_of[i], NULL, thread, &work[i])) exit(12);
    }
    for (int i = 0; i < count; i++) pthread_join(thread_of[i], NULL);
    alarm(0);
    sprintf(told, "%d rounds", count * rounds);
    for (int i = 0; i < count; i++) {
        if (*work[i].wrong) strcpy(told, work[i].wrong);
    }
}

int main(void) {
    static char line[64 * 1024];
    while (fgets(line, sizeof line, stdin)) {
        char *field[8] = {0};
        size_t count = 0, size = 0;
        line[strcspn(line, "\n")] = 0;
        for (char *rest = line; rest && count < 8; count++) {
            field[count] = rest;
            rest = strchr(rest, '\t');
            if (rest) *rest++ = 0;
        }
        if (!strcmp(field[0], "hostile")) {
            hostile();
            printf("0 \n");
            fflush(stdout);
            continue;
        }
        if (!strcmp(field[0], "anything")) {
            anything((unsigned long)number(field[1]), number(field[2]), field[3]);
            printf("0 \n");
            fflush(stdout);
            continue;
        }
        if (!strcmp(field[0], "icc") || !strcmp(field[0], "pinless") || !strcmp(field[0], "threads")) {
            static char told[1024];
            if (!strcmp(field[0], "icc")) icc(told);
            if (!strcmp(field[0], "pinless")) pinless(told);
            if (!strcmp(field[0], "threads")) threads(number(field[1]), number(field[2]), field[3], field[4], field[5], told);
            printf("0 ");
            for (const char *c = told; *c; c++) printf("%02X", (unsigned char)*c);
            printf("\n");
            fflush(stdout);
            continue;
        }
        memset(out, MARK, sizeof out);
        long code = call(field[0], field, &size);
        for (size_t i = size; i < sizeof out; i++) {
            if (out[i] != MARK) {
                printf("overrun at %zu\n", i);
                return 4;
            }
        }
        printf("%ld ", code);
        for (const char *c = out; size && *c; c++) printf("%02X", (unsigned char)*c);
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
