"""A kind of contract that import-linter lacks: modules reach others through gates alone."""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules


class OnlyThrough(Contract):
    """Refuse every chain of imports from a source to a target that avoids the gates.

    Whatever a source package holds is covered, a new module too, without being named. What a module imports counts
    together with what the packages around it import, since Python runs them first.
    """

    type_name = "only_through"
    source_modules = fields.ListField(subfield=fields.ModuleExpressionField())
    target_modules = fields.ListField(subfield=fields.ModuleExpressionField())
    gates = fields.ListField(subfield=fields.ModuleExpressionField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Return whether no chain is left when the gates are taken out of the graph."""
        del verbose
        _import_parents(graph)
        for gate in _names(graph, self.gates, as_packages=True, raise_if_unmatched=True):
            graph.remove_module(gate)
        targets = _names(graph, self.target_modules) & graph.modules
        chains = [
            chain
            for source in _names(graph, self.source_modules, raise_if_unmatched=True)
            for target in targets
            for chain in graph.find_shortest_chains(source, target, as_packages=True)
        ]
        return ContractCheck(kept=not chains, metadata={"chains": sorted(chains)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the chains."""
        for chain in check.metadata["chains"]:
            output.print_error("- " + " -> ".join(chain), bold=False)
        output.new_line()


def _names(graph: ImportGraph, expressions: Any, **options: bool) -> set[str]:
    return {module.name for module in module_expressions_to_modules(graph, expressions, **options)}


def _import_parents(graph: ImportGraph) -> None:
    for module in graph.modules:
        parent = module.rpartition(".")[0]
        if parent in graph.modules:
            graph.add_import(importer=module, imported=parent)
