using AspireAgent.ServiceDefaults;
using AspireAgent.Simulator;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddSimulator();
builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.None); // connections are cut by order

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapSimulator();
app.Run();
