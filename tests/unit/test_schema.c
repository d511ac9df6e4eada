/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema.c - the engine over a table of its own that has every kind of row. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "json/schema.h"
#include "spec/spec.h"

/* ---- a table with every kind ---- */

struct leaf {
	char *key; /* when it stands in a map */
	char *name;
	struct bw_opt_uint size;
};
struct leaves {
	struct leaf *v;
	size_t n;
};
struct tree {
	char *path, *colour, *title;
	struct bw_opt_int level, wide;
	struct bw_opt_uint big, port;
	struct bw_opt_bool on;
	struct bw_strs words, places, flags;
	struct bw_uints ids;
	struct bw_pairs pairs;
	struct bw_strs_map lists;
	struct leaf *leaf;
	struct leaves leaves, named;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

static int check_words(const void *member, struct bw_err *err)
{
	const struct bw_strs *words = member;

	for (size_t i = 0; i < words->n; i++) {
		if (!bw_streq(words->v[i], "bad"))
			continue;
		bw_fail(err, BW_E_SPEC, 0, "must be good");
		return bw_at(err, "/%zu", i);
	}
	return 0;
}

static const struct bw_field leaf_fields[] = {
	BW_FIELD(struct leaf, name, "name", .flags = BW_REQUIRED | BW_NOT_EMPTY, .doc = "a name"),
	BW_FIELD(struct leaf, size, "size", .doc = "a size"), BW_END};
static const struct bw_schema leaf_schema = {
	"leaf", sizeof(struct leaf), BW_UNKNOWN_NOTE, leaf_fields};

static const struct bw_field tree_fields[] = {
	BW_FIELD(struct tree, path, "path", .flags = BW_ABSOLUTE_PATH, .doc = "a path"),
	BW_FIELD(struct tree, colour, "colour", .names = colours),
	BW_FIELD(struct tree, title, "title", .flags = BW_EMPTY_IS_ABSENT),
	BW_FIELD(struct tree, level, "level", .min = -1000, .max = 1000),
	BW_FIELD(struct tree, wide, "wide"), BW_FIELD(struct tree, big, "big"),
	BW_FIELD(struct tree, port, "port", .min = 1, .max = 65535),
	BW_FIELD(struct tree, on, "on"),
	BW_FIELD(struct tree, words, "words", .flags = BW_SINGLE_OR_LIST, .check = check_words),
	BW_FIELD(struct tree, places, "places", .flags = BW_ABSOLUTE_PATH | BW_NOT_EMPTY),
	BW_FIELD(struct tree, flags, "flags", .flags = BW_EMPTY_IS_SET, .names = colours),
	BW_FIELD(struct tree, ids, "ids", .max = 10), BW_FIELD(struct tree, pairs, "pairs"),
	BW_FIELD(struct tree, lists, "lists"),
	BW_NESTED(struct tree, leaf, "leaf", &leaf_schema, .doc = "one leaf"),
	BW_LIST_OF(struct tree, leaves, "leaves", &leaf_schema),
	BW_MAP_OF(struct tree, named, "named", &leaf_schema),
	BW_IGNORE("other", .doc = "another platform"), BW_REFUSE("never", .doc = "what nobody makes"), BW_END};
static const struct bw_schema tree_schema = {
	"tree", sizeof(struct tree), BW_UNKNOWN_NOTE, tree_fields};
static const struct bw_schema strict_schema = {
	"strict", sizeof(struct tree), BW_UNKNOWN_REFUSE, tree_fields};

static const char full_text[] =
	"{\"path\":\"/a\",\"colour\":\"red\",\"title\":\"t\",\"level\":-1000,"
	"\"wide\":-9223372036854775808,\"big\":18446744073709551615,\"port\":65535,\"on\":false,"
	"\"words\":[\"x\",\"y\"],\"places\":[\"/p\"],\"flags\":[],\"ids\":[0,10],"
	"\"pairs\":{\"k\":\"v\",\"\":\"\"},\"lists\":{\"one\":[\"1\"],\"two\":[\"1\",\"2\"]},"
	"\"leaf\":{\"name\":\"l\",\"size\":0},\"leaves\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
	"\"named\":{\"n/m~\":{\"name\":\"c\",\"size\":1}}}";

static struct bw_arena arena;

static void done(void)
{
	bw_arena_done(&arena);
}

static int read_as(const struct bw_schema *schema, const char *text, struct tree **ret,
	struct bw_notes *notes, struct bw_err *err)
{
	struct bw_json *json;
	void *object = NULL;
	int n;

	ck_assert_int_eq(bw_json_parse(text, strlen(text), "t", &arena, &json, err), 0);
	n = bw_schema_read(schema, json, BW_E_POLICY, &arena, &object, notes, err);
	*ret = object;
	return n;
}

static struct tree *must_read(const char *text)
{
	struct bw_err err = {0};
	struct tree *tree;

	ck_assert_msg(read_as(&tree_schema, text, &tree, NULL, &err) == 0, "%s", err.text);
	return tree;
}

static char *written(const struct tree *tree)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	struct bw_err err = {0};
	char *text;

	bw_schema_write(&tree_schema, tree, w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	return text;
}

/* ---- reading ---- */

static const struct {
	const char *text, *field, *message;
} faults[] = {
	{"[]", "", "must be an object, not an array"},
	{"{\"path\":\"x\"}", "/path", "/path: must be an absolute path, not \"x\""},
	{"{\"path\":1}", "/path", "/path: must be a string, not a number"},
	{"{\"path\":true}", "/path", "/path: must be a string, not a boolean"},
	{"{\"colour\":\"yellow\"}", "/colour",
		"/colour: must be one of red, green or blue, not \"yellow\""},
	{"{\"colour\":\"\"}", "/colour", "/colour: must be one of red, green or blue, not \"\""},
	{"{\"level\":1001}", "/level", "/level: must be a number from -1000 to 1000, not 1001"},
	{"{\"level\":\"1\"}", "/level", "/level: must be a number, not a string"},
	{"{\"level\":1.0}", "/level", "/level: must be a whole number, not 1.0"},
	{"{\"level\":1e2}", "/level", "/level: must be a whole number, not 1e2"},
	{"{\"big\":1e400}", "/big", "/big: must be a whole number, not 1e400"},
	{"{\"big\":18446744073709551616}", "/big",
		"/big: must be a number from 0 to 18446744073709551615, not 18446744073709551616"},
	{"{\"big\":-1}", "/big", "/big: must be a number from 0 to 18446744073709551615, not -1"},
	{"{\"wide\":9223372036854775808}", "/wide",
		"/wide: must be a number from -9223372036854775808 to 9223372036854775807, not "
		"9223372036854775808"},
	{"{\"port\":0}", "/port", "/port: must be a number from 1 to 65535, not 0"},
	{"{\"on\":0}", "/on", "/on: must be a boolean, not a number"},
	{"{\"words\":{}}", "/words", "/words: must be a string or an array, not an object"},
	{"{\"words\":[\"x\",null]}", "/words/1", "/words/1: must be a string, not null"},
	{"{\"words\":[\"x\",\"bad\"]}", "/words/1", "/words/1: must be good"},
	{"{\"places\":\"/x\"}", "/places", "/places: must be an array, not a string"},
	{"{\"places\":[]}", "/places", "/places: must not be empty"},
	{"{\"places\":[\"/x\",\"y\"]}", "/places/1",
		"/places/1: must be an absolute path, not \"y\""},
	{"{\"flags\":[\"red\",\"RED\"]}", "/flags/1",
		"/flags/1: must be one of red, green or blue, not \"RED\""},
	{"{\"ids\":[1,11]}", "/ids/1", "/ids/1: must be a number from 0 to 10, not 11"},
	{"{\"ids\":[[]]}", "/ids/0", "/ids/0: must be a number, not an array"},
	{"{\"pairs\":[]}", "/pairs", "/pairs: must be an object, not an array"},
	{"{\"pairs\":{\"a/b~c\":1}}", "/pairs/a~1b~0c",
		"/pairs/a~1b~0c: must be a string, not a number"},
	{"{\"lists\":{\"a\":1}}", "/lists/a",
		"/lists/a: must be a string or an array, not a number"},
	{"{\"lists\":{\"a\":[1]}}", "/lists/a/0", "/lists/a/0: must be a string, not a number"},
	{"{\"leaf\":{}}", "/leaf/name", "/leaf/name: is required"},
	{"{\"leaf\":{\"name\":null}}", "/leaf/name", "/leaf/name: is required"},
	{"{\"leaf\":{\"name\":\"\"}}", "/leaf/name", "/leaf/name: must not be empty"},
	{"{\"leaf\":[]}", "/leaf", "/leaf: must be an object, not an array"},
	{"{\"leaves\":{}}", "/leaves", "/leaves: must be an array, not an object"},
	{"{\"leaves\":[{\"name\":\"a\"},{\"name\":\"b\",\"size\":-1}]}", "/leaves/1/size",
		"/leaves/1/size: must be a number from 0 to 18446744073709551615, not -1"},
	{"{\"leaves\":[null]}", "/leaves/0", "/leaves/0: must be an object, not null"},
	{"{\"named\":[]}", "/named", "/named: must be an object, not an array"},
	{"{\"named\":{\"x\":{\"name\":2}}}", "/named/x/name",
		"/named/x/name: must be a string, not a number"},
	{"{\"never\":{}}", "/never", "/never: is not for a runtime of containers: what nobody makes"},
	{"{\"path\":\"\\n\\u001b[2J\"}", "/path", "/path: must be an absolute path, not \"??[2J\""},
	{"{\"pairs\":{\"\\n\":1}}", "/pairs/?", "/pairs/?: must be a string, not a number"},
};

/* A copied list and a read one can both be added to: what stands behind them in memory stays as it was. */
START_TEST(copied_and_read_lists_can_grow)
{
	for (size_t n = 0; n <= 9; n++) {
		struct bw_arena memory = BW_ARENA_INIT;
		struct bw_spec_process *read, *copy;
		struct bw_json *tree;
		struct bw_err err = {0};
		void *object;
		char text[256] = "{\"cwd\":\"/\",\"args\":[\"p\"", env[8];

		for (size_t i = 1; i < n; i++)
			strcat(text, ",\"a\"");
		strcat(text, "],\"env\":[\"A=1\",\"B=2\"]}");
		ck_assert_int_eq(bw_json_parse(text, strlen(text), "process", &memory, &tree, &err), 0);
		ck_assert_int_eq(bw_schema_read(&bw_spec_process_schema, tree, BW_E_SPEC, &memory, &object, NULL, &err), 0);
		read = object;
		copy = bw_schema_copy(&bw_spec_process_schema, read, &memory);
		ck_assert_ptr_nonnull(copy);
		for (int i = 0; i < 9; i++) {
			snprintf(env, sizeof env, "C%d=3", i);
			ck_assert_int_eq(bw_strs_add(&memory, &read->args, "more"), 0);
			ck_assert_int_eq(bw_strs_add(&memory, &copy->args, "more"), 0);
			ck_assert_int_eq(bw_strs_add(&memory, &copy->env, env), 0);
		}
		ck_assert_str_eq(copy->args.v[0], "p");
		ck_assert_str_eq(copy->env.v[0], "A=1");
		ck_assert_str_eq(copy->env.v[1], "B=2");
		ck_assert_str_eq(copy->env.v[10], "C8=3");
		ck_assert_str_eq(read->env.v[1], "B=2");
		bw_arena_done(&memory);
	}
}
END_TEST

START_TEST(a_fault_names_its_pointer_and_what_was_expected)
{
	struct bw_err err = {0};
	struct tree *tree;

	ck_assert_int_eq(read_as(&tree_schema, faults[_i].text, &tree, NULL, &err), -1);
	ck_assert_str_eq(err.text, faults[_i].message);
	ck_assert_str_eq(err.field, faults[_i].field);
	ck_assert_int_eq(err.code, BW_E_POLICY);
	ck_assert_ptr_null(tree);
}
END_TEST

START_TEST(long_values_are_cut_in_messages_between_characters)
{
	char text[512] = "{\"path\":\"x";
	struct bw_err err = {0};
	struct tree *tree;

	for (int i = 0; i < 100; i++)
		strcat(text, "\xc3\xa9");
	strcat(text, "\"}");
	ck_assert_int_eq(read_as(&tree_schema, text, &tree, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "\xc3\xa9...\""));
}
END_TEST

START_TEST(a_pointer_that_is_too_long_leaves_the_sentence_whole)
{
	char text[1024] = "{\"pairs\":{\"";
	struct bw_err err = {0};
	struct tree *tree;

	for (int i = 0; i < 60; i++)
		strcat(text, "0123456789");
	strcat(text, "\":1}}");
	ck_assert_int_eq(read_as(&tree_schema, text, &tree, NULL, &err), -1);
	ck_assert_str_eq(err.text, "/pairs: must be a string, not a number");
}
END_TEST

START_TEST(a_wrong_name_comes_with_the_one_that_was_meant)
{
	struct bw_err err = {0};
	struct tree *tree;

	ck_assert_int_eq(read_as(&tree_schema, "{\"colour\":\"gren\"}", &tree, NULL, &err), -1);
	ck_assert_str_eq(err.hint, "did you mean \"green\"?");
}
END_TEST

START_TEST(absent_null_and_empty_titles_are_absent)
{
	static const char *const texts[] = {"{}", "{\"title\":null,\"big\":null,\"leaf\":null}",
		"{\"title\":\"\",\"words\":null,\"flags\":null}"};
	const struct tree *tree = must_read(texts[_i]);
	auto_free char *text = written(tree);

	ck_assert_ptr_null(tree->title);
	ck_assert(!tree->big.set);
	ck_assert_str_eq(text, "{}");
}
END_TEST

START_TEST(a_single_word_reads_as_a_list_of_one)
{
	const struct tree *tree = must_read("{\"words\":\"x\",\"lists\":{\"a\":\"b\"}}");

	ck_assert_uint_eq(tree->words.n, 1);
	ck_assert_str_eq(tree->words.v[0], "x");
	ck_assert_str_eq(tree->lists.v[0].key, "a");
	ck_assert_str_eq(tree->lists.v[0].values.v[0], "b");
}
END_TEST

START_TEST(an_empty_list_is_kept_only_where_it_means_something)
{
	const struct tree *tree = must_read("{\"flags\":[],\"words\":[],\"pairs\":{}}");
	auto_free char *text = written(tree);

	ck_assert_ptr_nonnull(tree->flags.v);
	ck_assert_ptr_null(tree->words.v);
	ck_assert_str_eq(text, "{\"flags\":[]}");
}
END_TEST

START_TEST(unknown_and_ignored_properties_are_noted)
{
	static const char text[] = "{\"Path\":1,\"x/y\":2,\"other\":{\"a\":[]},"
				   "\"leaves\":[{\"name\":\"a\",\"nane\":1}]}";
	static const char *const expected[][2] = {
		{"/Path", "is not a known property, and ignored: \"path\" differs in letter case"},
		{"/x~1y", "is not a known property, and ignored"},
		{"/other", "is for another platform, and ignored"},
		{"/leaves/0/nane", "is not a known property, and ignored"},
	};
	struct bw_notes notes = {NULL, 0};
	struct bw_err err = {0};
	struct tree *tree;

	ck_assert_int_eq(read_as(&tree_schema, text, &tree, &notes, &err), 0);
	ck_assert_uint_eq(notes.n, BW_COUNT(expected));
	for (size_t i = 0; i < notes.n; i++) {
		ck_assert_str_eq(notes.v[i].pointer, expected[i][0]);
		ck_assert_str_eq(notes.v[i].text, expected[i][1]);
	}
}
END_TEST

START_TEST(a_strict_table_refuses_what_it_does_not_know)
{
	struct bw_err err = {0};
	struct tree *tree;

	ck_assert_int_eq(read_as(&strict_schema, "{\"colours\":\"red\"}", &tree, NULL, &err), -1);
	ck_assert_str_eq(err.text, "/colours: is not a known property");
	ck_assert_str_eq(err.field, "/colours");
	ck_assert_str_eq(err.hint, "did you mean \"colour\"?");
}
END_TEST

/* ---- writing and copying ---- */

START_TEST(what_was_read_is_written_again)
{
	auto_free char *text = written(must_read(full_text));

	ck_assert_str_eq(text, full_text);
}
END_TEST

START_TEST(a_copy_is_equal_and_independent)
{
	struct tree *tree = must_read(full_text), *copy;
	struct bw_arena own = BW_ARENA_INIT;
	auto_free char *before = NULL;

	copy = bw_schema_copy(&tree_schema, tree, &own);
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(bw_schema_diff(&tree_schema, tree, copy, NULL, NULL), 0);
	tree->path[1] = 'z';
	tree->words.v[0][0] = 'z';
	tree->ids.v[0] = 9;
	tree->pairs.v[0].key[0] = 'z';
	tree->lists.v[1].values.v[1][0] = 'z';
	tree->leaf->name[0] = 'z';
	tree->leaves.v[1].name[0] = 'z';
	tree->named.v[0].key[0] = 'z';
	bw_arena_done(&arena);
	before = written(copy);
	ck_assert_str_eq(before, full_text);
	bw_arena_done(&own);
}
END_TEST

/* ---- differences ---- */

struct seen {
	char text[512];
};

static void remember(const char *pointer, void *ctx)
{
	struct seen *seen = ctx;

	strcat(seen->text, pointer);
	strcat(seen->text, " ");
}

static const struct {
	const char *a, *b, *differ;
} differences[] = {
	{"{}", "{}", ""},
	{"{\"path\":\"/a\",\"on\":true}", "{\"path\":\"/b\",\"on\":false}", "/path /on "},
	{"{\"level\":0}", "{}", "/level "},
	{"{\"big\":1}", "{\"big\":2}", "/big "},
	{"{\"words\":[\"a\",\"b\"]}", "{\"words\":[\"a\",\"c\"]}", "/words/1 "},
	{"{\"words\":[\"a\",\"b\"]}", "{\"words\":[\"b\"]}", "/words/0 /words "},
	{"{\"flags\":[]}", "{}", "/flags "},
	{"{\"ids\":[1]}", "{\"ids\":[2,3]}", "/ids/0 /ids "},
	{"{\"pairs\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"pairs\":{\"b\":\"3\",\"c/\":\"4\"}}",
		"/pairs/a /pairs/b /pairs/c~1 "},
	{"{\"pairs\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"pairs\":{\"b\":\"2\",\"a\":\"1\"}}", ""},
	{"{\"lists\":{\"a\":[\"1\"]}}", "{\"lists\":{\"a\":[\"2\"],\"b\":[]}}",
		"/lists/a/0 /lists/b "},
	{"{\"leaf\":{\"name\":\"a\"}}", "{}", "/leaf/name "},
	{"{\"leaves\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", "{\"leaves\":[{\"name\":\"c\"}]}",
		"/leaves/0/name /leaves "},
	{"{\"named\":{\"x\":{\"name\":\"a\"}}}",
		"{\"named\":{\"x\":{\"name\":\"a\",\"size\":1},\"y\":{\"name\":\"b\"}}}",
		"/named/x/size /named/y/name "},
};

START_TEST(a_difference_is_told_at_its_deepest_property)
{
	const struct tree *a = must_read(differences[_i].a), *b = must_read(differences[_i].b);
	struct seen seen = {""}, back = {""};
	size_t n = bw_schema_diff(&tree_schema, a, b, remember, &seen), spaces = 0;

	ck_assert_str_eq(seen.text, differences[_i].differ);
	for (const char *c = seen.text; *c; c++)
		spaces += *c == ' ';
	ck_assert_uint_eq(n, spaces);
	ck_assert_uint_eq(bw_schema_diff(&tree_schema, b, a, remember, &back), n);
}
END_TEST

START_TEST(an_object_that_is_there_without_members_differs_from_none)
{
	const struct tree *a = must_read("{}");
	struct tree b = *a;
	struct leaf leaf = {NULL, NULL, {false, 0}};
	struct seen seen = {""};

	b.leaf = &leaf;
	ck_assert_uint_eq(bw_schema_diff(&tree_schema, a, &b, remember, &seen), 1);
	ck_assert_str_eq(seen.text, "/leaf ");
}
END_TEST

START_TEST(nothing_differs_from_something_in_its_leaves)
{
	struct seen seen = {""};

	bw_schema_diff(
		&tree_schema, NULL, must_read("{\"path\":\"/a\",\"ids\":[1]}"), remember, &seen);
	ck_assert_str_eq(seen.text, "/path /ids ");
}
END_TEST

/* ---- walking and publishing ---- */

static void collect(const char *pointer, const struct bw_field *field, void *ctx)
{
	(void)field;
	remember(pointer, ctx);
}

START_TEST(the_walk_shows_every_row_in_order)
{
	struct seen seen = {""};

	bw_schema_walk(&tree_schema, collect, &seen);
	ck_assert_str_eq(seen.text,
		"/path /colour /title /level /wide /big /port /on /words /places /flags /ids "
		"/pairs /lists /leaf /leaf/name /leaf/size /leaves /leaves/-/name /leaves/-/size "
		"/named /named/*/name /named/*/size /other /never ");
}
END_TEST

/* The value at a pointer, for looking into what was published. */
static const struct bw_json *find(const struct bw_json *json, const char *pointer)
{
	char step[64];

	while (json && *pointer == '/') {
		size_t len = strcspn(pointer + 1, "/");

		ck_assert_uint_lt(len, sizeof step);
		memcpy(step, pointer + 1, len);
		step[len] = '\0';
		json = bw_json_get(json, step);
		pointer += len + 1;
	}
	return json;
}

static const struct {
	const char *pointer, *text; /* of strings and numbers */
} published[] = {
	{"/$schema", "https://json-schema.org/draft/2020-12/schema"},
	{"/title", "A tree"},
	{"/type", "object"},
	{"/properties/path/type", "string"},
	{"/properties/path/pattern", "^/"},
	{"/properties/path/description", "a path"},
	{"/properties/level/minimum", "-1000"},
	{"/properties/level/maximum", "1000"},
	{"/properties/big/maximum", "18446744073709551615"},
	{"/properties/wide/minimum", "-9223372036854775808"},
	{"/properties/on/type", "boolean"},
	{"/properties/places/minItems", "1"},
	{"/properties/places/items/pattern", "^/"},
	{"/properties/ids/items/maximum", "10"},
	{"/properties/pairs/additionalProperties/type", "string"},
	{"/properties/leaf/$ref", "#/$defs/leaf"},
	{"/properties/leaves/items/$ref", "#/$defs/leaf"},
	{"/properties/named/additionalProperties/$ref", "#/$defs/leaf"},
	{"/properties/other/$comment", "for another platform, and ignored"},
	{"/properties/never/$comment", "refused"},
	{"/$defs/leaf/properties/name/minLength", "1"},
};

static struct bw_json *publish(void)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	auto_free char *text = NULL;
	struct bw_err err = {0};
	struct bw_json *json;

	bw_schema_publish(&strict_schema, "A tree", w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	ck_assert_int_eq(bw_json_parse(text, strlen(text), "schema", &arena, &json, &err), 0);
	return json;
}

START_TEST(the_published_schema_says_what_the_rows_say)
{
	const struct bw_json *value = find(publish(), published[_i].pointer);

	ck_assert_msg(value != NULL, "%s is missing", published[_i].pointer);
	ck_assert_str_eq(value->text, published[_i].text);
}
END_TEST

START_TEST(the_published_schema_has_names_and_closes_strict_tables)
{
	const struct bw_json *json = publish();

	ck_assert_int_eq(bw_json_get(json, "additionalProperties")->type, BW_JSON_FALSE);
	ck_assert_ptr_null(find(json, "/$defs/leaf/additionalProperties"));
	ck_assert_uint_eq(find(json, "/properties/colour/enum")->count, 3);
	ck_assert_str_eq(find(json, "/$defs/leaf/required")->child->text, "name");
	ck_assert_uint_eq(find(json, "/properties/words/anyOf")->count, 2);
	ck_assert_uint_eq(find(json, "/$defs")->count, 1);
}
END_TEST

/* ---- lists ---- */

START_TEST(lists_grow_and_pairs_are_replaced)
{
	struct bw_strs list = {NULL, 0};
	struct bw_pairs pairs = {NULL, 0};
	char text[16];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "%d", i);
		ck_assert_int_eq(bw_strs_add(&arena, &list, text), 0);
		ck_assert_int_eq(bw_pairs_set(&arena, &pairs, text, "x"), 0);
	}
	ck_assert_uint_eq(list.n, 100);
	ck_assert(bw_strs_has(&list, "0") && bw_strs_has(&list, "99"));
	ck_assert(!bw_strs_has(&list, "100"));
	ck_assert_int_eq(bw_pairs_set(&arena, &pairs, "7", "seven"), 0);
	ck_assert_uint_eq(pairs.n, 100);
	ck_assert_str_eq(bw_pairs_get(&pairs, "7"), "seven");
	ck_assert_ptr_null(bw_pairs_get(&pairs, "100"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schema");
	TCase *all = tcase_create("schema");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, NULL, done);
	tcase_add_loop_test(
		all, a_fault_names_its_pointer_and_what_was_expected, 0, (int)BW_COUNT(faults));
	tcase_add_test(all, copied_and_read_lists_can_grow);
	tcase_add_test(all, long_values_are_cut_in_messages_between_characters);
	tcase_add_test(all, a_pointer_that_is_too_long_leaves_the_sentence_whole);
	tcase_add_test(all, a_wrong_name_comes_with_the_one_that_was_meant);
	tcase_add_loop_test(all, absent_null_and_empty_titles_are_absent, 0, 3);
	tcase_add_test(all, a_single_word_reads_as_a_list_of_one);
	tcase_add_test(all, an_empty_list_is_kept_only_where_it_means_something);
	tcase_add_test(all, unknown_and_ignored_properties_are_noted);
	tcase_add_test(all, a_strict_table_refuses_what_it_does_not_know);
	tcase_add_test(all, what_was_read_is_written_again);
	tcase_add_test(all, a_copy_is_equal_and_independent);
	tcase_add_loop_test(
		all, a_difference_is_told_at_its_deepest_property, 0, (int)BW_COUNT(differences));
	tcase_add_test(all, an_object_that_is_there_without_members_differs_from_none);
	tcase_add_test(all, nothing_differs_from_something_in_its_leaves);
	tcase_add_test(all, the_walk_shows_every_row_in_order);
	tcase_add_loop_test(
		all, the_published_schema_says_what_the_rows_say, 0, (int)BW_COUNT(published));
	tcase_add_test(all, the_published_schema_has_names_and_closes_strict_tables);
	tcase_add_test(all, lists_grow_and_pairs_are_replaced);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
