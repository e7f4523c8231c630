using AspireAgent.AppHost;
using AspireAgent.AppHost.Development;
using AspireAgent.AppHost.Models;
using AspireAgent.AppHost.State;
using Microsoft.Extensions.Configuration;

StartErrors.ShowPlainly();
LocalPorts.ChooseForDashboard();

var builder = DistributedApplication.CreateBuilder(args);
var trust = builder.AddTrustKey();

// State: a Redis-protocol server, chosen by Redis:Mode
var state = builder.AddState();

// Signals: each service owns one kind
var config = builder.AddService<Projects.Config_Service>("config", trust).WithState(state);
var budget = builder.AddService<Projects.Budget_Service>("budget", trust).WithState(state).WithReference(config).WaitFor(config);
var chaos = builder.AddService<Projects.Chaos_Service>("chaos", trust).WithState(state);

// Models: Models:Routes, or in Development the simulator
var models = builder.AddModels(trust);

// Sessions
var agent = builder.AddService<Projects.Agent_Api>("agent", trust)
    .WithState(state)
    .WithLastKnownGood(state)
    .WithModels(models)
    .WithReference(config).WaitFor(config)
    .WithReference(budget).WaitFor(budget)
    .WithReference(chaos)
    .WithSettings(builder.Configuration, "Sessions", "Draining", "Admission", "Egress", "Secrets")
    .WithReplicas(builder.Configuration.GetValue("Agents:Replicas", 2));

// The one door in front of them
builder.AddService<Projects.Gateway>("gateway", trust, builder.GatewayPort())
    .WithState(state)
    .WithDevelopmentKeys(builder)
    .WithReference(config).WithReference(budget).WithReference(chaos)
    .WaitFor(agent)
    .WithSettings(builder.Configuration, "Connections", "Draining")
    .WithReplicas(builder.Configuration.GetValue("Gateways:Replicas", 1))
    .WithExternalHttpEndpoints();

builder.AddRunReport();
builder.Build().Run();
