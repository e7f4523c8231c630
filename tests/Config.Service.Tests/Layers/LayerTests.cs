using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Config.Tests.Layers;

public class LayerTests(OneInstance one) : IClassFixture<OneInstance>
{
    private readonly string _name = $"t-{Guid.NewGuid():N}";

    private string Tenant => $"layers/tenant/{_name}";

    [Theory]
    [InlineData(RedisKind.Server)]
    [InlineData(RedisKind.Garnet)]
    public async Task Write_WithTheRevisionItReplaces_IsPublished(RedisKind kind)
    {
        await using var system = await ConfigSystem.StartAsync(kind);
        using var client = system.Client();
        using var stream = await client.Http.GetStreamAsync("/v1/config/signal");
        Assert.Equal((0L, "{}"), await ReadTextAsync(client, "layers/global"));

        using var written = await client.PutAsync("layers/global", """{"systemPrompt":"new"}""", 0);

        Assert.Equal((HttpStatusCode.OK, 1), (written.StatusCode, ConfigClient.RevisionOf(written)));
        var published = await SseParser.Create(stream).EnumerateAsync().FirstAsync(
            item => item.EventType == "value" && (string?)JsonNode.Parse(item.Data)!["global"]!["document"]!["systemPrompt"] == "new");
        Assert.Equal("2", published.EventId); // the store's revision: 1 was the empty store
    }

    [Theory]
    [InlineData("layers/global")]
    [InlineData("layers/group/g1")]
    [InlineData("layers/tenant/t1")]
    public async Task Write_WithoutOrWithAStaleRevision_IsRefused(string path)
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Server);
        using var client = system.Client();

        using var blind = await client.PutAsync(path, "{}", null);
        Assert.Equal("urn:aspireagent:revision-required", (string?)(await ConfigClient.ProblemAsync(blind, HttpStatusCode.PreconditionRequired))["type"]);
        using var blindPatch = await client.PatchAsync(path, "{}", null);
        await ConfigClient.ProblemAsync(blindPatch, HttpStatusCode.PreconditionRequired);
        await client.WriteAsync(path, """{"temperature":0.5}""");

        using var stale = await client.PutAsync(path, "{}", 0);
        Assert.Equal("urn:aspireagent:revision-stale", (string?)(await ConfigClient.ProblemAsync(stale, HttpStatusCode.PreconditionFailed))["type"]);
        using var stalePatch = await client.PatchAsync(path, "{}", 7);
        await ConfigClient.ProblemAsync(stalePatch, HttpStatusCode.PreconditionFailed);
        using var staleRollback = await client.PostAsync($"{path}/rollback", """{"revision":1}""", 0);
        await ConfigClient.ProblemAsync(staleRollback, HttpStatusCode.PreconditionFailed);
        Assert.Equal((1L, """{"temperature":0.5}"""), await ReadTextAsync(client, path));
    }

    [Fact]
    public async Task Write_IfNoneMatchAny_MakesOnlyWhatIsNotThere()
    {
        using var client = one.System.Client();

        using var made = await CreateAsync();
        using var again = await CreateAsync();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.PreconditionFailed), (made.StatusCode, again.StatusCode));

        Task<HttpResponseMessage> CreateAsync()
        {
            var request = new HttpRequestMessage(HttpMethod.Put, $"/v1/config/{Tenant}") { Content = JsonContent.Create(new { temperature = 1 }) };
            request.Headers.IfNoneMatch.ParseAdd("*");
            return client.Http.SendAsync(request);
        }
    }

    [Fact]
    public async Task Write_Invalid_NamesAllErrorsAtOnce()
    {
        using var client = one.System.Client();

        using var refused = await client.PutAsync(Tenant, """{"temperature":7,"maxOutputTokens":0,"nothing":1,"guards":{"loopRun":"x"}}""", 0);

        var problem = await ConfigClient.ProblemAsync(refused, HttpStatusCode.UnprocessableEntity);
        Assert.Equal("urn:aspireagent:invalid-request", (string?)problem["type"]);
        Assert.Equal(
            ["guards.loopRun", "maxOutputTokens", "nothing", "temperature"], problem["errors"]!.AsObject().Select(error => error.Key).Order());
        Assert.Equal(0, (await client.ReadAsync(Tenant)).Revision);
    }

    [Theory]
    [InlineData("""{"kill":{"answers":false},"systemPrompt":"x"}""", "kill.answers")]
    [InlineData("""{"shadow":{"percent":5}}""", "shadow.percent")]
    [InlineData("""{"guards":{"stallSeconds":60,"loopRun":3}}""", "guards.stallSeconds")]
    [InlineData("""{"maxOutputTokens":100000}""", "maxOutputTokens")]
    public async Task Write_WhatTheLayerMayNotSet_IsForbiddenByName(string document, string property)
    {
        using var client = one.System.Client();

        using var refused = await client.PutAsync(Tenant, document, 0);

        var problem = await ConfigClient.ProblemAsync(refused, HttpStatusCode.Forbidden);
        Assert.Equal("urn:aspireagent:forbidden", (string?)problem["type"]);
        Assert.EndsWith($": {property}.", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_GlobalThatAGroupStandsOn_IsRefusedWhereItTakesTheGroundAway()
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Server);
        using var client = system.Client();
        var global = await client.WriteAsync("layers/global", """{"promptVariables":{"brand":"A"}}""");
        await client.WriteAsync("layers/group/vip", """{"systemPrompt":"I am {{brand}}."}""");

        using var refused = await client.PutAsync("layers/global", "{}", global);

        var problem = await ConfigClient.ProblemAsync(refused, HttpStatusCode.UnprocessableEntity);
        Assert.Equal(["group/vip: systemPrompt"], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task Write_TenantThatTakesAGroupsGroundAway_IsRefused()
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Server);
        using var client = system.Client();
        await client.WriteAsync("layers/group/vip", """{"systemPrompt":"I am {{brand}}.","promptVariables":{"brand":"A"}}""");

        using var refused = await client.PutAsync("layers/tenant/acme", """{"promptVariables":{"brand":null}}""", 0);

        var problem = await ConfigClient.ProblemAsync(refused, HttpStatusCode.UnprocessableEntity);
        Assert.Equal(["group/vip: systemPrompt"], problem["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task Write_NamesThatDifferByCase_AreStoredAndMerged()
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Server);
        using var client = system.Client();
        var revision = await client.WriteAsync("layers/global", """{"tools":{"Clock":true,"clock":false}}""");

        using var again = await client.PatchAsync("layers/global", """{"tools":{"CLOCK":true}}""", revision);

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("""{"Clock":true,"clock":false,"CLOCK":true}""", (await client.GetAsync<JsonObject>("effective"))["config"]!["tools"]!.ToJsonString());
    }

    [Fact]
    public async Task Write_DeepOrLongWinded_IsRefused()
    {
        using var client = one.System.Client();
        var deep = string.Concat(Enumerable.Repeat("""{"shadow":{"variant":""", 20)) + "{}" + new string('}', 40);

        using var refused = await client.PutAsync("layers/global", deep, 0);
        using var essay = await client.PutAsync($"{Tenant}?why={new string('x', 1_025)}", "{}", 0);

        await ConfigClient.ProblemAsync(refused, HttpStatusCode.UnprocessableEntity);
        await ConfigClient.ProblemAsync(essay, HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"systemPrompt":"\ud800"}""")]
    public async Task Write_NoObject_IsMalformed(string body)
    {
        using var client = one.System.Client();
        using var refused = await client.PutAsync(Tenant, body, 0);
        await ConfigClient.ProblemAsync(refused, HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("layers/tenant/a%20b")]
    [InlineData("layers/group/-x")]
    public async Task Scope_BadName_IsRefused(string path)
    {
        using var client = one.System.Client();
        using var refused = await client.PutAsync(path, "{}", 0);
        await ConfigClient.ProblemAsync(refused, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Patch_MergesAndTakesOut()
    {
        using var client = one.System.Client();
        var first = await client.WriteAsync(Tenant, """{"temperature":0.5,"plan":"large","tools":{"clock":true}}""");

        using var patched = await client.PatchAsync(Tenant, """{"temperature":null,"tools":{"search":false},"language":"de"}""", first);

        patched.EnsureSuccessStatusCode();
        Assert.Equal((2L, """{"plan":"large","tools":{"clock":true,"search":false},"language":"de"}"""), await ReadTextAsync(client, Tenant));
    }

    [Fact]
    public async Task Rollback_AnOlderRevision_IsByteEqualAndANewRevision()
    {
        using var client = one.System.Client();
        const string First = """{"systemPrompt":"Grüße, {{ name }} \"quoted\" 😀","promptVariables":{"name":"Ada"},"temperature":1.0}""";
        await client.WriteAsync(Tenant, First);
        var before = await ReadTextAsync(client, Tenant);
        await client.WriteAsync(Tenant, """{"plan":"large"}""");
        await client.WriteAsync(Tenant, "{}");

        using var back = await client.PostAsync($"{Tenant}/rollback", """{"revision":1,"why":"it was better"}""", 3);
        using var unknown = await client.PostAsync($"{Tenant}/rollback", """{"revision":99}""", 4);

        Assert.Equal(4, ConfigClient.RevisionOf(back));
        Assert.Equal((4L, before.Text), await ReadTextAsync(client, Tenant));
        Assert.Equal((1L, before.Text), await ReadTextAsync(client, $"{Tenant}?revision=1"));
        await ConfigClient.ProblemAsync(unknown, HttpStatusCode.NotFound);
        var newest = (await client.GetAsync<JsonArray>($"{Tenant}/history"))[0]!;
        Assert.EndsWith("Z", (string)newest["at"]!, StringComparison.Ordinal);
        Assert.Equal(("rollback", "it was better", "test"), ((string)newest["action"]!, (string)newest["why"]!, (string)newest["by"]!));
    }

    [Fact]
    public async Task History_Pages_AreGaplessAndNewestFirst()
    {
        using var client = one.System.Client();
        for (var i = 1; i <= 7; i++)
        {
            await client.WriteAsync(Tenant, $$"""{"temperature":0.{{i}}}""");
        }

        Assert.Equal([7, 6, 5], await RevisionsAsync("limit=3"));
        Assert.Equal([4, 3, 2], await RevisionsAsync("limit=3&before=5"));
        Assert.Equal([1], await RevisionsAsync("limit=3&before=2"));
        Assert.Equal([7, 6, 5, 4, 3, 2, 1], await RevisionsAsync(""));
        using var odd = await client.Http.GetAsync($"/v1/config/{Tenant}/history?limit=0");
        await ConfigClient.ProblemAsync(odd, HttpStatusCode.BadRequest);

        async Task<IEnumerable<int>> RevisionsAsync(string query) =>
            (await client.GetAsync<JsonArray>($"{Tenant}/history?{query}")).Select(entry => (int)entry!["revision"]!);
    }

    [Fact]
    public async Task Diff_TwoRevisions_NamesEachPropertyThatDiffers()
    {
        using var client = one.System.Client();
        await client.WriteAsync(Tenant, """{"temperature":0.1,"plan":"large","guards":{"loopRun":3}}""");
        await client.WriteAsync(Tenant, """{"temperature":0.2,"guards":{"loopRun":3,"stallSeconds":2}}""");

        var diff = await client.GetAsync<JsonArray>($"{Tenant}/diff?from=1&to=2");

        Assert.Equal(
            """[{"path":"guards.stallSeconds","to":2},{"path":"plan","from":"large"},{"path":"temperature","from":0.1,"to":0.2}]""",
            diff.ToJsonString());
        Assert.Equal(3, (await client.GetAsync<JsonArray>($"{Tenant}/diff?from=0&to=1")).Count);
    }

    [Fact]
    public async Task Audit_EveryWrite_SaysWhoWhatAndWhy()
    {
        using var client = one.System.Client();
        using var written = await client.PutAsync($"{Tenant}?why=first", """{"plan":"large"}""", 0);
        written.EnsureSuccessStatusCode();

        var entry = (await client.GetAsync<JsonArray>("audit")).First(entry => (string)entry!["target"]! == $"tenant/{_name}")!;

        Assert.Equal(("test", "put", "first", 1), ((string)entry["by"]!, (string)entry["action"]!, (string)entry["why"]!, (int)entry["revision"]!));
        Assert.True((long)entry["storeRevision"]! > 1);
    }

    [Fact]
    public async Task Effective_Audience_NamesTheLayerOfEveryProperty()
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Server);
        using var client = system.Client();
        await client.WriteAsync("layers/global", """{"systemPrompt":"G","maxOutputTokens":500}""");
        await client.WriteAsync("layers/group/vip", """{"plan":"large"}""");
        await client.WriteAsync("layers/tenant/acme", """{"maxOutputTokens":100,"tools":{"clock":false}}""");

        var effective = await client.GetAsync<JsonObject>("effective?tenant=acme&group=vip");

        Assert.Equal(("G", "large", 100), ((string)effective["config"]!["systemPrompt"]!, (string)effective["config"]!["plan"]!, (int)effective["config"]!["maxOutputTokens"]!));
        var layers = effective["layers"]!.AsObject();
        Assert.Equal(
            ("global", "group/vip", "tenant/acme", "tenant/acme", "defaults"),
            ((string)layers["systemPrompt"]!, (string)layers["plan"]!, (string)layers["maxOutputTokens"]!, (string)layers["tools.clock"]!, (string)layers["verbosity"]!));
        Assert.Equal(
            Contracts.Config.ConfigProperties.All.Select(property => property.Path).Append("tools.clock").Order(StringComparer.Ordinal),
            layers.Select(layer => layer.Key));
        Assert.Equal("""{"global":1,"group/vip":1,"tenant/acme":1}""", effective["revisions"]!.ToJsonString());

        var other = await client.GetAsync<JsonObject>("effective?tenant=other");
        Assert.Equal(("defaults", 500), ((string)other["layers"]!["plan"]!, (int)other["config"]!["maxOutputTokens"]!));
        using var unknown = await client.Http.GetAsync("/v1/config/effective?session=01ARZ3NDEKTSV4RRFFQ69G5FAV");
        await ConfigClient.ProblemAsync(unknown, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Schema_OfALayer_DescribesEveryProperty()
    {
        using var client = one.System.Client();

        var schema = await client.GetAsync<JsonObject>("schema");

        Assert.Equal("https://json-schema.org/draft/2020-12/schema", (string)schema["$schema"]!);
        foreach (var property in Contracts.Config.ConfigProperties.All)
        {
            var node = property.Path.Split('.').Aggregate((JsonNode)schema, (parent, name) => parent["properties"]![name]!);
            Assert.Equal(property.Description, (string)node["description"]!);
            Assert.Equal(property.Takes is Contracts.Config.Effect.Immediately ? "immediately" : "next-turn", (string)node["x-takes"]!);
        }

        Assert.Equal("""["number","null"]""", schema["properties"]!["temperature"]!["type"]!.ToJsonString());
        Assert.Equal((0, 2), ((int)schema["properties"]!["temperature"]!["minimum"]!, (int)schema["properties"]!["temperature"]!["maximum"]!));
        Assert.Equal("""["queue","interrupt",null]""", schema["properties"]!["inputPolicy"]!["enum"]!.ToJsonString());
    }

    [Theory]
    [InlineData("GET", "layers")]
    [InlineData("GET", "layers/global")]
    [InlineData("PUT", "layers/global")]
    [InlineData("PATCH", "layers/tenant/acme")]
    [InlineData("POST", "layers/group/vip/rollback")]
    [InlineData("GET", "layers/global/history")]
    [InlineData("GET", "effective")]
    [InlineData("GET", "convergence")]
    [InlineData("GET", "audit")]
    [InlineData("GET", "schema")]
    [InlineData("GET", "releases")]
    [InlineData("PUT", "releases/x")]
    [InlineData("POST", "releases/x/start")]
    public async Task Surface_WithoutTheRole_IsClosed(string method, string path)
    {
        foreach (var (role, status) in new[] { ((string?)null, HttpStatusCode.Unauthorized), ("user", HttpStatusCode.Forbidden), ("service", HttpStatusCode.Forbidden) })
        {
            using var client = one.System.Client(role: role);
            using var request = new HttpRequestMessage(new HttpMethod(method), $"/v1/config/{path}") { Content = method == "GET" ? null : JsonContent.Create(new { }) };
            using var response = await client.Http.SendAsync(request);
            Assert.Equal(status, response.StatusCode);
        }
    }

    [Fact]
    public async Task Terminated_WithOpenStreams_EndsWithCodeZero()
    {
        await using var system = await ConfigSystem.StartAsync(RedisKind.Garnet);
        using var client = system.Client(role: "service");
        using var stream = await client.Http.GetStreamAsync("/v1/config/signal");
        Assert.True(await stream.ReadAsync(new byte[1]) > 0);

        Assert.Equal(0, await system.Service.StopAsync());
    }

    private static async Task<(long Revision, string Text)> ReadTextAsync(ConfigClient client, string path)
    {
        using var response = await client.Http.GetAsync($"/v1/config/{path}");
        response.EnsureSuccessStatusCode();
        return (ConfigClient.RevisionOf(response), await response.Content.ReadAsStringAsync());
    }
}
