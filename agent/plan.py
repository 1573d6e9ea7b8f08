"""A configuration as jobs of the schedule. Pure."""

from __future__ import annotations

from agent.schedule import Job, phase
from probes.wire import AgentConfig, Task

HEARTBEAT = 60.0
"""Seconds between pushes until a configuration says otherwise."""
AFTER_SEAL = 2.0
"""Seconds from sealing to the push that carries what was sealed."""
SEAL, PUSH = "seal", "push"


def job_name(task: Task) -> str:
    """Never the name of another job: a probe's name holds no slash."""
    return f"{task.probe}/{task.target}"


def jobs_of(agent: str, config: AgentConfig) -> dict[str, Job]:
    """One job per task, and the two of delivery."""
    jobs = {
        job_name(task): Job(task.every, phase(task.every, agent, task.probe, task.target), task)
        for task in config.tasks
    }
    sealing = phase(config.seal_every, agent, SEAL)
    pushing = (sealing + AFTER_SEAL) % config.push_every
    jobs[SEAL] = Job(config.seal_every, sealing, SEAL)
    jobs[PUSH] = Job(config.push_every, pushing, PUSH)
    return jobs


def jobs_without_config(agent: str) -> dict[str, Job]:
    """A heartbeat, by which the collector learns that this agent waits for a configuration."""
    return {PUSH: Job(HEARTBEAT, phase(HEARTBEAT, agent, PUSH), PUSH)}
