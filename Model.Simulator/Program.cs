using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.Simulator;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddSimulator();

var app = builder.Build();
app.UseProblems();
app.MapDefaultEndpoints();
app.MapSimulator();
app.Run();
